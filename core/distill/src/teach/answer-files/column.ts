// A named array of an answer file: one row an example, numbers only.
import type { DType, DTypeArray, HostTensor } from '@potstill/engine';
import { hostTensor, zeros } from '../../data/arrays.js';
import { elementCount } from '../../data/index.js';

/** Row r is `data[offsets[r] … offsets[r + 1]]`, of shape `shape` with its `null` filled in. */
export interface Column {
  readonly rows: number;
  /** Of one row; `null` is a first axis whose length differs from row to row. */
  readonly shape: readonly (number | null)[];
  readonly dtype: DType;
  /** 64-bit integers as doubles: exact up to 2^53. */
  readonly data: ArrayLike<number>;
  readonly offsets: ArrayLike<number>;
}

/** What an answer file is refused for; the caller names the file. */
export class NotReadable extends Error {}

/** A column from a whole array whose first axis is the examples'. */
export function arrayColumn(dtype: DType, shape: readonly number[], data: ArrayLike<number>): Column {
  const [rows = 1, ...rest] = shape;
  const width = elementCount(rest);
  const offsets = Float64Array.from({ length: rows + 1 }, (_, row) => row * width);
  return { rows, shape: rest, dtype, data, offsets };
}

/** A number, a list of them, or a list of such lists: what readers of tables give for a cell. */
export type Cell =
  number | bigint | boolean | null | undefined | { readonly length: number; [index: number]: Cell };

/**
 * A column from cells. All rows have the same number of axes; the first may differ in length.
 * @throws NotReadable for empty cells, texts and lists of differing forms; it names the row.
 */
export function cellColumn(name: string, cells: readonly Cell[], dtype: DType): Column {
  const numbers: number[] = [];
  const offsets = new Float64Array(cells.length + 1);
  const shapes: number[][] = [];
  cells.forEach((cell, row) => {
    shapes.push(take(cell, numbers, `column \`${name}\`, row ${row}`));
    offsets[row + 1] = numbers.length;
  });
  const [first = []] = shapes;
  const free = shapes.some((shape) => shape[0] !== first[0]);
  shapes.forEach((shape, row) => {
    if (shape.length === first.length && shape.slice(1).join() === first.slice(1).join()) return;
    throw new NotReadable(
      `column \`${name}\`, row ${row} is a list of the form [${shape.join(', ')}], row 0 of [${first.join(', ')}]`,
    );
  });
  const shape = free ? [null, ...first.slice(1)] : first;
  return { rows: cells.length, shape, dtype, data: numbers, offsets };
}

/** Adds the numbers of a cell, and gives its shape. */
function take(cell: Cell, into: number[], where: string): number[] {
  if (cell === null || cell === undefined) throw new NotReadable(`${where} is empty`);
  if (typeof cell === 'number') into.push(cell);
  else if (typeof cell === 'bigint' || typeof cell === 'boolean') into.push(Number(cell));
  else if (typeof cell === 'object' && typeof cell.length === 'number') {
    let inner: number[] | undefined;
    for (const each of Array.from(cell)) {
      const shape = take(each, into, where);
      inner ??= shape;
      if (shape.join() !== inner.join()) throw new NotReadable(`${where} has lists of different lengths`);
    }
    return [cell.length, ...(inner ?? [])];
  } else throw new NotReadable(`${where} is ${typeof cell}, not a number`);
  return [];
}

/** A row as a tensor without the batch axis. */
export function rowOf({ dtype, shape, data, offsets }: Column, row: number): HostTensor {
  const [from = 0, to = 0] = [offsets[row], offsets[row + 1]];
  const out: DTypeArray[DType] = zeros(dtype, to - from);
  for (let i = from; i < to; i++) out[i - from] = data[i] as number;
  const rest = elementCount(shape.slice(1).map((length) => length ?? 1));
  return hostTensor(
    dtype,
    shape.map((length) => length ?? (rest === 0 ? 0 : out.length / rest)),
    out,
  );
}
