// Rows of stored numbers, put together and made.
import type { StoredArray, StoredType } from './encoding.js';

export function emptyArray(type: StoredType, length: number): StoredArray {
  if (type === 'float32') return new Float32Array(length);
  if (type === 'float16') return new Uint16Array(length);
  return type === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}

/** One array of all rows, where each begins, and their common length: null for a ragged output, whatever this shard's rows are. */
export function joinRows(
  type: StoredType,
  rows: readonly StoredArray[],
  ragged: boolean,
): { readonly data: StoredArray; readonly offsets: Int32Array; readonly width: number | null } {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, at) => (offsets[at + 1] = (offsets[at] as number) + row.length));
  const data = emptyArray(type, offsets.at(-1) ?? 0);
  rows.forEach((row, at) => data.set(row, offsets[at]));
  return { data, offsets, width: ragged ? null : (rows[0]?.length ?? 0) };
}
