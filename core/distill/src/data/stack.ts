// Stacks examples into a batch. Axes of variable length are padded with zeros, and their lengths are kept.
import type { HostTensor } from '@potstill/engine';
import type { Batch, Example, TensorSpecs } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { elementCount, hostTensor, shapeText, zeros } from './arrays.js';

export interface StackOptions {
  /** Named in errors. Default `data set`. */
  readonly name?: string;
  /** Fields whose shape may differ from the spec, because transforms changed them. Default false. */
  readonly transformed?: boolean;
}

/**
 * Puts examples together; every field gets a batch axis in front. An axis that is `null` in `spec` is padded with
 * zeros to the longest of the batch, and `<name>.length` is added: int32 [batch], or [batch, k] where k > 1 axes are
 * `null`. Fields beyond the spec (added by transforms) must agree in shape among themselves.
 * @throws PotstillError DATA_DAMAGED where a field is missing or has another dtype or shape; it names the example.
 */
export function stack(
  examples: readonly Example[],
  spec: TensorSpecs,
  indices: readonly number[],
  options: StackOptions = {},
): Batch {
  const tensors: Record<string, HostTensor> = {};
  const first = examples[0];
  const names = new Set([...Object.keys(spec), ...(first ? Object.keys(first) : [])]);
  for (const name of names) {
    const rows = examples.map((example, i) => {
      const row = example[name];
      if (row === undefined) throw damaged(options.name, indices[i], `has no field \`${name}\``);
      return row;
    });
    const { tensor, lengths } = stackField(
      rows,
      spec[name],
      (i, problem) => damaged(options.name, indices[i], `field \`${name}\` ${problem}`),
      options.transformed ?? false,
    );
    tensors[name] = tensor;
    if (lengths) tensors[`${name}.length`] = lengths;
  }
  return { size: examples.length, tensors, indices };
}

function damaged(name: string | undefined, index: number | undefined, problem: string): PotstillError {
  return new PotstillError({
    code: 'DATA_DAMAGED',
    message: `${name ?? 'data set'}: example ${index ?? '?'} ${problem}`,
    hint: 'Every example must have the fields, dtypes and shapes that the data set declares.',
  });
}

function stackField(
  rows: readonly HostTensor[],
  spec: TensorSpecs[string] | undefined,
  fail: (row: number, problem: string) => PotstillError,
  transformed: boolean,
): { tensor: HostTensor; lengths?: HostTensor } {
  const first = rows[0];
  const dtype = first?.dtype ?? spec?.dtype ?? 'float32';
  const rank = first?.shape.length ?? spec?.shape.length ?? 0;
  const ragged = (spec?.shape ?? []).flatMap((length, axis) => (length === null ? [axis] : []));
  const want = (spec && !transformed ? spec.shape : first?.shape) ?? [];
  if (spec && !transformed && spec.dtype !== dtype) {
    throw fail(0, `is ${dtype}, the data set declares ${spec.dtype}`);
  }
  // Longest length of each axis; only ragged axes may differ from one row to the next.
  const shape = Array.from({ length: rank }, (_, axis) =>
    ragged.includes(axis) ? 0 : (first?.shape[axis] ?? want[axis] ?? 0),
  );
  rows.forEach((row, i) => {
    if (row.dtype !== dtype) throw fail(i, `is ${row.dtype}, expected ${dtype}`);
    const fits =
      row.shape.length === want.length &&
      row.shape.every((length, axis) => ragged.includes(axis) || length === want[axis]);
    if (!fits) throw fail(i, `has shape ${shapeText(row.shape)}, expected ${shapeText(want)}`);
    if (row.data.length !== elementCount(row.shape)) {
      throw fail(i, `has ${row.data.length} elements for shape ${shapeText(row.shape)}`);
    }
    for (const axis of ragged) shape[axis] = Math.max(shape[axis] as number, row.shape[axis] as number);
  });

  const size = elementCount(shape);
  const data = zeros(dtype, rows.length * size);
  rows.forEach((row, i) => {
    if (ragged.length === 0) data.set(row.data, i * size);
    else copyPadded(row, shape, data, i * size);
  });
  const tensor = hostTensor(dtype, [rows.length, ...shape], data);
  if (ragged.length === 0) return { tensor };
  const lengths = Int32Array.from(rows.flatMap((row) => ragged.map((axis) => row.shape[axis] as number)));
  const lengthShape = ragged.length === 1 ? [rows.length] : [rows.length, ragged.length];
  return { tensor, lengths: hostTensor('int32', lengthShape, lengths) };
}

/** Copies a row into the corner of a larger, zeroed one; runs along the last axis are copied whole. */
function copyPadded(
  row: HostTensor,
  shape: readonly number[],
  out: HostTensor['data'],
  offset: number,
): void {
  const run = row.shape.at(-1) ?? 1;
  const runs = run === 0 ? 0 : row.data.length / run;
  for (let i = 0; i < runs; i++) {
    let rest = i;
    let position = 0;
    let stride = shape.at(-1) ?? 1;
    for (let axis = row.shape.length - 2; axis >= 0; axis--) {
      const length = row.shape[axis] as number;
      position += (rest % length) * stride;
      rest = Math.floor(rest / length);
      stride *= shape[axis] as number;
    }
    out.set(row.data.subarray(i * run, (i + 1) * run), offset + position);
  }
}
