// A data set in memory, one tensor per field.
import type { HostTensor } from '@potstill/engine';
import type {
  Batch,
  DataDescription,
  Example,
  HostTensors,
  IndexedDataset,
  TensorSpec,
} from '../contracts/index.js';
import { gatherRows, rowView, shapeText } from './arrays.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';

export interface MemoryDatasetOptions {
  /** `spec` is read from the columns; `fingerprint` defaults to one over columns and description. */
  readonly description: Omit<DataDescription, 'spec' | 'fingerprint'> & { readonly fingerprint?: string };
  /** Every field, the example axis first. They are not copied: do not change them afterwards. */
  readonly columns: HostTensors;
}

/** A data set over tensors. `example` returns views of the columns, `batch` copies the rows asked for. */
export function memoryDataset(options: MemoryDatasetOptions): IndexedDataset {
  const { columns, description } = options;
  const fields = Object.entries(columns);
  const size = fields[0]?.[1].shape[0] ?? 0;
  for (const [name, column] of fields) {
    if (column.shape.length === 0 || column.shape[0] !== size) {
      const lead = fields[0]?.[0];
      throw new Error(
        `memoryDataset: column \`${name}\` has shape ${shapeText(column.shape)}, expected ${size} examples as in \`${lead}\``,
      );
    }
  }
  for (const name of [...description.inputs, ...(description.target ? [description.target] : [])]) {
    if (!columns[name])
      throw new Error(`memoryDataset: no column \`${name}\` among ${Object.keys(columns).join(', ')}`);
  }
  const spec = Object.fromEntries(
    fields.map(([name, column]): [string, TensorSpec] => [
      name,
      { dtype: column.dtype, shape: column.shape.slice(1) },
    ]),
  );
  const content = fields.flatMap(([name, column]) => [name, column.dtype, column.shape, column.data]);
  const { fingerprint: given, ...rest } = description;
  const target = columns[description.target ?? ''];
  return {
    ...descriptionOf({ ...rest, spec, fingerprint: given ?? fingerprint(rest, ...content) }),
    size,
    ...(target?.dtype === 'int32' && target.shape.length === 1 ? { targets: target.data } : {}),
    ...groupIndicesOf(columns, rest.groups),
    example: (index) => Promise.resolve(rowOf(columns, index, size)),
    batch: (indices, spare) => Promise.resolve(gather(columns, indices, size, spare)),
  };
}

function groupIndicesOf(
  columns: HostTensors,
  groups: DataDescription['groups'] = {},
): Pick<IndexedDataset, 'groupIndices'> {
  const known = Object.keys(groups).flatMap((field) => {
    const column = columns[field];
    return column?.dtype === 'int32' && column.shape.length === 1 ? [[field, column.data] as const] : [];
  });
  return known.length === 0 ? {} : { groupIndices: Object.fromEntries(known) };
}

function checkIndex(index: number, size: number): void {
  if (!(index >= 0 && index < size)) throw new Error(`internal: example ${index} of a data set of ${size}`);
}

function rowOf(columns: HostTensors, index: number, size: number): Example {
  checkIndex(index, size);
  return mapFields(columns, (column) => rowView(column, index));
}

function gather(columns: HostTensors, indices: ArrayLike<number>, size: number, spare?: Batch): Batch {
  const list = Array.from(indices);
  for (const index of list) checkIndex(index, size);
  return {
    size: list.length,
    tensors: mapFields(columns, (column, name) => gatherRows(column, list, spare?.tensors[name])),
    indices: list,
  };
}

function mapFields(
  columns: HostTensors,
  change: (column: HostTensor, name: string) => HostTensor,
): HostTensors {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, change(column, name)]));
}
