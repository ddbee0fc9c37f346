// Rows of a shard on disk: held in memory while there is room, else read from the file row by row.
import { closeSync, openSync, readSync } from 'node:fs';
import type { StoredArray } from './encoding.js';
import { decodeShard, type ShardColumn } from './shard-file.js';
import { emptyArray } from './stored-rows.js';

export interface ShardReader {
  readonly rows: number;
  /** Stored rows of an example, in the order of columns. */
  row(row: number): readonly StoredArray[];
  close(): void;
}

/** A shard whose bytes stay in memory. */
export function residentShard(bytes: Uint8Array): ShardReader {
  const { rows, columns } = decodeShard(bytes);
  return {
    rows,
    row: (row) => columns.map(({ data, offsets }) => data.subarray(offsets[row], offsets[row + 1])),
    close: () => undefined,
  };
}

/** A shard of which only the places of its rows stay in memory. `bytes` are those of the file, already verified. */
export function fileShard(path: string, bytes: Uint8Array): ShardReader {
  const { rows, columns } = decodeShard(bytes);
  const places = columns.map((column) => placeOf(column, bytes));
  const file = openSync(path, 'r');
  return {
    rows,
    row: (row) => places.map((place) => place(file, row)),
    close: () => closeSync(file),
  };
}

function placeOf(
  { type, data, offsets, width }: ShardColumn,
  bytes: Uint8Array,
): (file: number, row: number) => StoredArray {
  if (data.buffer !== bytes.buffer) throw new Error('internal: a column of a shard was copied');
  const start = data.byteOffset - bytes.byteOffset;
  const each = data.BYTES_PER_ELEMENT;
  // Rows of one length need no table.
  const begins = width === null ? offsets.slice() : undefined;
  return (file, row) => {
    const from = begins?.[row] ?? row * (width ?? 0);
    const to = begins?.[row + 1] ?? from + (width ?? 0);
    const values = emptyArray(type, to - from);
    readSync(file, values, 0, values.byteLength, start + from * each);
    return values;
  };
}
