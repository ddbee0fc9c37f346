// Rows of stored numbers, put together and made.
import type { StoredArray, StoredType } from './encoding.js';

export function emptyArray(type: StoredType, length: number): StoredArray {
  if (type === 'float32') return new Float32Array(length);
  if (type === 'float16' || type === 'uint16') return new Uint16Array(length);
  return type === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}

/** Bytes of a number. */
export function widthOf(type: StoredType): number {
  return emptyArray(type, 0).BYTES_PER_ELEMENT;
}

/** One array of all rows, and where each begins. */
export function joinRows(
  type: StoredType,
  rows: readonly StoredArray[],
): { readonly data: StoredArray; readonly offsets: Int32Array } {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, at) => (offsets[at + 1] = (offsets[at] as number) + row.length));
  const data = emptyArray(type, offsets.at(-1) ?? 0);
  rows.forEach((row, at) => data.set(row, offsets[at]));
  return { data, offsets };
}
