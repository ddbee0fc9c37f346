// Statistics of a table's feature columns over the training rows, and the input numbers that follow from them.
import type { ColumnStatistics } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { damagedAt } from './fault.js';
import type { Table } from './read-table.js';
import type { NameColumn, NumberColumn } from './stored.js';

/** A feature as a recipe names it. */
export interface FeatureColumn {
  readonly column: string;
  readonly as: 'number' | 'category';
}

export interface FeatureOptions {
  /** Numbers to mean 0 and standard deviation 1 over the training data. */
  readonly standardise: boolean;
  readonly missing: 'error' | 'mean' | 'indicator';
  /** What a category means that the training data does not have: an error, or zeros. */
  readonly unknown: 'error' | 'zeros';
}

/** More categories than these in one column are a mistake, or a case for another encoding. */
const mostCategories = 1000;

export function storedFeature(table: Table, { column, as }: FeatureColumn): NumberColumn | NameColumn {
  const stored = table.stored({ column, as: as === 'number' ? 'number' : 'name' });
  if (stored.kind === 'text') throw new Error('internal: a feature was read as text');
  return stored;
}

/** Statistics of a column over some rows. Missing values do not count. */
export function statisticsOf(
  table: Table,
  feature: FeatureColumn,
  rows: Int32Array,
  { standardise, missing }: FeatureOptions,
): ColumnStatistics {
  const stored = storedFeature(table, feature);
  const { column } = feature;
  if (stored.kind === 'number') {
    const { mean, std, absent } = momentsOf(stored.values, rows);
    const indicator = missing === 'indicator' && absent > 0;
    return {
      column,
      as: 'number',
      fill: mean,
      mean: standardise ? mean : 0,
      std: standardise && std > 0 ? std : 1,
      indicator,
    };
  }
  const counts = new Int32Array(stored.names.length);
  let absent = 0;
  for (const row of rows) {
    const index = stored.indices[row] as number;
    if (index < 0) absent++;
    else counts[index] = (counts[index] as number) + 1;
  }
  const categories = stored.names.filter((_, index) => (counts[index] as number) > 0);
  if (categories.length > mostCategories)
    throw new PotstillError({
      code: 'DATA_UNSUPPORTED',
      message: `the column \`${column}\` has ${categories.length.toLocaleString('en')} categories, and each becomes one input; at most ${mostCategories.toLocaleString('en')} are taken`,
      hint: 'Leave out columns that name the rows. Group rare categories before.',
      path: '.features',
    });
  const best = counts.reduce((found, count, index) => (count > (counts[found] ?? 0) ? index : found), 0);
  return {
    column,
    as: 'category',
    fill: stored.names[best] ?? '',
    categories,
    indicator: missing === 'indicator' && absent > 0,
  };
}

/** Mean and standard deviation (of the population) in two passes. */
function momentsOf(values: Float64Array, rows: Int32Array) {
  let count = 0;
  let sum = 0;
  for (const row of rows) {
    const value = values[row] as number;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
  }
  const mean = count === 0 ? 0 : sum / count;
  let squares = 0;
  for (const row of rows) {
    const value = values[row] as number;
    if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  }
  return { mean, std: count === 0 ? 0 : Math.sqrt(squares / count), absent: rows.length - count };
}

/** Input numbers that a column becomes. */
export function widthOf(statistics: ColumnStatistics): number {
  const own = statistics.as === 'number' ? 1 : statistics.categories.length;
  return own + (statistics.indicator ? 1 : 0);
}

/** Writes a row's input numbers of one column. */
export type FeatureWriter = (row: number, out: Float32Array, at: number) => void;

/**
 * How rows become input numbers: a number as (value - mean) / std, a category as one 1 among zeros; a missing value as
 * the mean or the most frequent category, and where the training data has missing ones and `indicator` is asked for, one
 * more input that is 1 there.
 * @throws PotstillError DATA_DAMAGED where a category is not among those of the training data; not before it is read.
 */
export function writerOf(
  table: Table,
  feature: FeatureColumn,
  statistics: ColumnStatistics,
  unknown: FeatureOptions['unknown'],
): FeatureWriter {
  const stored = storedFeature(table, feature);
  const { indicator } = statistics;
  if (stored.kind === 'number' && statistics.as === 'number') {
    const { mean, std, fill } = statistics;
    return (row, out, at) => {
      const value = stored.values[row] as number;
      const absent = Number.isNaN(value);
      out[at] = ((absent ? fill : value) - mean) / std;
      if (indicator) out[at + 1] = absent ? 1 : 0;
    };
  }
  if (stored.kind !== 'name' || statistics.as !== 'category')
    throw new Error(`internal: statistics of the column ${feature.column} are of another kind`);
  const { categories, fill } = statistics;
  const places = stored.names.map((name) => categories.indexOf(name));
  const filled = categories.indexOf(fill);
  return (row, out, at) => {
    const index = stored.indices[row] as number;
    const place = index < 0 ? filled : (places[index] as number);
    if (place >= 0) out[at + place] = 1;
    else if (index >= 0 && unknown === 'error')
      throw unknownCategory(table, feature.column, row, stored.names[index]);
    if (indicator) out[at + categories.length] = index < 0 ? 1 : 0;
  };
}

function unknownCategory(table: Table, column: string, row: number, name = ''): PotstillError {
  return damagedAt(
    table.placeOf(row, column),
    `the training data has no \`${name}\``,
    'Set `unknown: zeros` to give a category that the training data does not have no input of its own.',
  );
}
