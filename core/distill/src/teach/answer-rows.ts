// Which row of an answer file is about which example: by position, or by a key.
import type { Batch } from '../contracts/index.js';
import type { Column } from './answer-files/column.js';
import { teacherInvalid } from './invalid.js';

/** The rows for the examples of a batch, in order. */
export type RowOf = (batch: Batch) => readonly number[];

/** How many are named in a message. */
const named = 6;

function some(list: readonly (number | string)[]): string {
  const more = list.length - named;
  return list.slice(0, named).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function checkRows(path: string, columns: readonly Column[]): number {
  const counts = [...new Set(columns.map(({ rows }) => rows))];
  if (counts.length === 1) return counts[0] ?? 0;
  throw teacherInvalid(`the arrays of ${path} have different numbers of rows: ${counts.join(', ')}`);
}

/** Row k is about example k. */
export function rowsByIndex(path: string, columns: readonly Column[]): RowOf {
  const count = checkRows(path, columns);
  return ({ indices }) => {
    const beyond = indices.filter((index) => index >= count);
    if (beyond.length === 0) return indices;
    throw teacherInvalid(
      `${path} has ${count} rows, and none for the examples ${some(beyond)}`,
      'row k must be about example k of that part of the data; or join by a `key`',
    );
  };
}

/**
 * By the whole numbers of the data's `field`, which the file has as `name`.
 * @throws PotstillError TEACHER_INVALID for keys that stand twice.
 */
export function rowsByKey(
  path: string,
  { field, name }: { readonly field: string; readonly name: string },
  keys: Column,
  columns: readonly Column[],
): RowOf {
  checkRows(path, [keys, ...columns]);
  if (keys.dtype !== 'int32' || keys.data.length !== keys.rows)
    throw teacherInvalid(`the key \`${name}\` of ${path} is not one whole number a row`);
  const rows = new Map<number, number>();
  const doubled = new Map<number, number[]>();
  for (let row = 0; row < keys.rows; row++) {
    const key = keys.data[row] as number;
    const before = rows.get(key);
    if (before === undefined) rows.set(key, row);
    else doubled.set(key, [...(doubled.get(key) ?? [before]), row]);
  }
  if (doubled.size > 0)
    throw teacherInvalid(
      `${path} has several rows for ${doubled.size === 1 ? 'the key' : `${doubled.size} keys`} ${some([...doubled].map(([key, at]) => `${key} (rows ${some(at)})`))}`,
      `each value of \`${name}\` must stand once`,
    );
  return ({ tensors, indices }) => {
    const given = tensors[field]?.data;
    if (!given)
      throw teacherInvalid(
        `the batch has no \`${field}\`, by which ${path} is joined; it has ${Object.keys(tensors).join(', ')}`,
      );
    const found = indices.map((_, i) => rows.get(given[i] as number));
    const missing = indices.flatMap((index, i) =>
      found[i] === undefined ? [`${given[i] ?? '?'} (example ${index})`] : [],
    );
    if (missing.length > 0)
      throw teacherInvalid(
        `${path} has no row for ${field} ${some(missing)}`,
        `it has ${rows.size} rows; compute the answers for all examples`,
      );
    return found as number[];
  };
}
