// A table in memory as a data set: features, text, target and groups.
import type { HostTensor } from '@potstill/engine';
import type {
  Batch,
  ColumnStatistics,
  DataDescription,
  Example,
  IndexedDataset,
  TensorSpec,
} from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { fingerprint } from '../fingerprint.js';
import { labelledField } from '../labelled.js';
import type { Table } from './read-table.js';
import {
  statisticsOf,
  storedFeature,
  widthOf,
  writerOf,
  type FeatureColumn,
  type FeatureOptions,
} from './statistics.js';
import type { NameColumn, TextColumn } from './stored.js';

export interface TargetColumn {
  readonly column: string;
  readonly as: 'class' | 'number';
  readonly missing: 'error' | 'skip' | 'unlabelled';
}

/** Which column is what. */
export interface TableRoles extends FeatureOptions {
  readonly features: readonly FeatureColumn[];
  readonly text: readonly string[];
  readonly target: TargetColumn | undefined;
  readonly groups: readonly string[];
  /** Class names in their order. Default: those of the column, sorted. */
  readonly classes: readonly string[] | undefined;
}

/** Names of the fields that are made of several columns. */
export const featuresField = 'features';
export const targetField = 'target';

/**
 * Fields: `features` (float32 [inputs]), one field a text column (int32 [bytes]: UTF-8), `target` (int32 or float32), one
 * field a group column (int32, an index into `groups`). Statistics are those of `train`, where that is given, else those
 * of `rows`; default: of all rows.
 */
export function tableDataset(
  table: Table,
  roles: TableRoles,
  at: {
    readonly name: string;
    readonly source: string;
    readonly train?: DataDescription | undefined;
    readonly rows?: ArrayLike<number>;
  },
): IndexedDataset {
  const { name, train } = at;
  const rows = at.rows ? Int32Array.from(at.rows) : Int32Array.from({ length: table.rows }, (_, row) => row);
  const theirs = train?.columns;
  if (theirs) compareColumns(name, roles.features, theirs);
  const columns = theirs ?? roles.features.map((feature) => statisticsOf(table, feature, rows, roles));
  const features = featuresOf(table, roles, columns);
  const fields: Field[] = [
    ...features,
    ...roles.text.map((column) => textField(column, table.stored({ column, as: 'text' }) as TextColumn)),
    ...groupsOf(table, roles).map(({ column, stored }) => intField(column, stored.indices)),
  ];
  const truth = truthOf(table, roles);
  if (truth) fields.push(...truth.fields);
  const lengths = Object.fromEntries(
    fields.flatMap(({ name: field, lengthOf }) =>
      lengthOf ? [[field, Int32Array.from({ length: table.rows }, (_, row) => lengthOf(row))]] : [],
    ),
  );
  const check = (index: number): number => {
    if (index >= 0 && index < table.rows) return index;
    throw new Error(`internal: ${name} has ${table.rows} rows, no ${index}`);
  };
  return {
    spec: Object.fromEntries(fields.map(({ name: field, spec }) => [field, spec])),
    inputs: [...features.map((field) => field.name), ...roles.text],
    ...(truth ? { target: targetField, ...truth.described } : {}),
    ...(roles.features.length > 0 ? { columns } : {}),
    ...groupsDescribed(table, roles, truth?.labelled),
    fingerprint: fingerprint('table', { ...roles, columns }, ...contentOf(table, roles)),
    source: at.source,
    ...(table.skipped.length > 0 ? { skipped: table.skipped } : {}),
    size: table.rows,
    ...(truth?.targets ? { targets: truth.targets } : {}),
    ...(Object.keys(lengths).length > 0 ? { lengths } : {}),
    example: async (index): Promise<Example> => {
      const row = check(index);
      return Object.fromEntries(fields.map((field) => [field.name, field.read([row], false)]));
    },
    // Text is stacked by whoever pads it.
    ...(roles.text.length > 0
      ? {}
      : {
          batch: async (indices: ArrayLike<number>): Promise<Batch> => {
            const list = Array.from(indices, check);
            return {
              size: list.length,
              indices: list,
              tensors: Object.fromEntries(fields.map((field) => [field.name, field.read(list, true)])),
            };
          },
        }),
    ...(train
      ? {}
      : { fitTo: (chosen: ArrayLike<number>) => tableDataset(table, roles, { ...at, rows: chosen }) }),
  };
}

/** One field of an example. */
interface Field {
  readonly name: string;
  readonly spec: TensorSpec;
  /** The rows one after another; with or without an axis for them. */
  read(rows: readonly number[], batch: boolean): HostTensor;
  readonly lengthOf?: (row: number) => number;
}

function featuresOf(table: Table, roles: TableRoles, columns: readonly ColumnStatistics[]): Field[] {
  if (roles.features.length === 0) return [];
  const writers = roles.features.map((feature, i) =>
    writerOf(table, feature, columns[i] as ColumnStatistics, roles.unknown),
  );
  const widths = columns.map(widthOf);
  const width = widths.reduce((sum, each) => sum + each, 0);
  return [
    {
      name: featuresField,
      spec: { dtype: 'float32', shape: [width] },
      read(rows, batch) {
        const data = new Float32Array(rows.length * width);
        let at = 0;
        for (const row of rows)
          writers.forEach((write, i) => {
            write(row, data, at);
            at += widths[i] as number;
          });
        return { dtype: 'float32', shape: batch ? [rows.length, width] : [width], data };
      },
    },
  ];
}

function textField(name: string, { bytes, ends }: TextColumn): Field {
  const startOf = (row: number) => (row === 0 ? 0 : (ends[row - 1] as number));
  return {
    name,
    spec: { dtype: 'int32', shape: [null] },
    lengthOf: (row) => (ends[row] as number) - startOf(row),
    read([row = 0]) {
      const data = Int32Array.from(bytes.subarray(startOf(row), ends[row]));
      return { dtype: 'int32', shape: [data.length], data };
    },
  };
}

function intField(name: string, values: Int32Array): Field {
  return {
    name,
    spec: { dtype: 'int32', shape: [] },
    read: (rows, batch) => ({
      dtype: 'int32',
      shape: batch ? [rows.length] : [],
      data: Int32Array.from(rows, (row) => values[row] as number),
    }),
  };
}

interface Truth {
  readonly fields: readonly Field[];
  readonly targets?: Int32Array;
  readonly described: Pick<IndexedDataset, 'labels' | 'unlabelled' | 'labelled'>;
  /** 1 where a number is known, 0 where not; undefined where all are, or the class says so. */
  readonly labelled?: Int32Array;
}

function truthOf(table: Table, { target, classes }: TableRoles): Truth | undefined {
  if (!target) return undefined;
  const stored = table.stored({ column: target.column, as: target.as === 'class' ? 'name' : 'number' });
  if (stored.kind === 'text') throw new Error('internal: a target was read as text');
  if (stored.kind === 'number') {
    const { values } = stored;
    const field: Field = {
      name: targetField,
      spec: { dtype: 'float32', shape: [] },
      read: (rows, batch) => ({
        dtype: 'float32',
        shape: batch ? [rows.length] : [],
        data: Float32Array.from(rows, (row) => values[row] as number),
      }),
    };
    if (!values.some(Number.isNaN)) return { fields: [field], described: {} };
    const labelled = Int32Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
    return {
      fields: [field, intField(labelledField, labelled)],
      labelled,
      described: { unlabelled: true, labelled: labelledField },
    };
  }
  const labels = classes ?? stored.names;
  const place = stored.names.map((each) => labels.indexOf(each));
  const targets = stored.indices.map((index, row) => {
    if (index < 0) return -1;
    const found = place[index] as number;
    if (found >= 0) return found;
    throw new PotstillError({
      code: 'DATA_DAMAGED',
      message: `${describeRow(table, row, target.column)} has the class \`${stored.names[index]}\`, which is not among \`classes\``,
      hint: `Add it, or leave \`classes\` out.`,
    });
  });
  return {
    fields: [intField(targetField, targets)],
    targets,
    described: { labels, ...(targets.includes(-1) ? { unlabelled: true } : {}) },
  };
}

function describeRow(table: Table, row: number, column: string): string {
  const place = table.placeOf(row);
  return `${place.path}: row ${place.row}, column \`${column}\``;
}

function groupsOf(table: Table, { groups }: TableRoles): { column: string; stored: NameColumn }[] {
  return groups.map((column) => ({ column, stored: table.stored({ column, as: 'name' }) as NameColumn }));
}

function groupsDescribed(
  table: Table,
  roles: TableRoles,
  labelled: Int32Array | undefined,
): Pick<IndexedDataset, 'groups' | 'groupIndices'> {
  const all = groupsOf(table, roles);
  const indices = {
    ...Object.fromEntries(all.map(({ column, stored }) => [column, stored.indices])),
    ...(labelled ? { [labelledField]: labelled } : {}),
  };
  return {
    ...(all.length > 0
      ? { groups: Object.fromEntries(all.map(({ column, stored }) => [column, stored.names])) }
      : {}),
    ...(Object.keys(indices).length > 0 ? { groupIndices: indices } : {}),
  };
}

function contentOf(
  table: Table,
  { features, text, target, groups }: TableRoles,
): (Float64Array | Int32Array | Uint8Array | readonly string[])[] {
  const stored = [
    ...features.map((feature) => storedFeature(table, feature)),
    ...text.map((column) => table.stored({ column, as: 'text' })),
    ...(target
      ? [table.stored({ column: target.column, as: target.as === 'class' ? 'name' : 'number' })]
      : []),
    ...groups.map((column) => table.stored({ column, as: 'name' })),
  ];
  const content: (Float64Array | Int32Array | Uint8Array | readonly string[])[] = [];
  for (const column of stored)
    if (column.kind === 'number') content.push(column.values);
    else if (column.kind === 'name') content.push(column.names, column.indices);
    else content.push(column.bytes, column.ends);
  return content;
}

/** Statistics of other columns would give inputs of another meaning. */
function compareColumns(
  name: string,
  features: readonly FeatureColumn[],
  theirs: readonly ColumnStatistics[],
): void {
  const words = (columns: readonly FeatureColumn[]) =>
    columns.map(({ column, as }) => `${column} (${as})`).join(', ');
  if (words(features) === words(theirs)) return;
  throw new PotstillError({
    code: 'DATA_PARTS_DIFFER',
    message: `${name}: the features are ${words(features) || 'none'}; those of the training data are ${words(theirs)}`,
    hint: 'Give both parts the same `features`, in the same order.',
    path: '.features',
  });
}
