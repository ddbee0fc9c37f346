// Rows of a shard on disk: held in memory while there is room, else read from the file row by row.
import type { StoredArray } from './encoding.js';
import type { ShardColumn } from './shard-file.js';
import type { StoreResources } from './shared.js';
import { emptyArray } from './stored-rows.js';

export interface ShardReader {
  /** Stored rows of an example, in the order of columns. */
  row(row: number): readonly StoredArray[];
  /** The columns, where they are in memory. */
  readonly columns?: readonly ShardColumn[];
  /** Bytes that are held in memory. */
  readonly bytes: number;
}

/** A shard whose columns stay in memory. */
export function residentShard(columns: readonly ShardColumn[], bytes: number): ShardReader {
  return {
    bytes,
    columns,
    row: (row) => columns.map((column) => rowOf(column, row)),
  };
}

/** Row `row` of a column, as a view. */
export function rowOf({ data, offsets, width }: ShardColumn, row: number): StoredArray {
  return width === null
    ? data.subarray(offsets[row], offsets[row + 1])
    : data.subarray(row * width, (row + 1) * width);
}

/** A shard of which only the places of its rows stay in memory. `columns` are views of the file's bytes, which may go. */
export function fileShard(
  path: string,
  columns: readonly ShardColumn[],
  bytes: Uint8Array,
  resources: StoreResources,
): ShardReader {
  const places = columns.map(({ type, data, offsets, width }) => {
    if (data.buffer !== bytes.buffer) throw new Error('internal: a column of a shard was copied');
    const start = data.byteOffset - bytes.byteOffset;
    const each = data.BYTES_PER_ELEMENT;
    // Rows of one length need no table.
    const begins = width === null ? offsets.slice() : undefined;
    return (row: number): StoredArray => {
      const from = begins?.[row] ?? row * (width ?? 0);
      const to = begins?.[row + 1] ?? from + (width ?? 0);
      const values = emptyArray(type, to - from);
      resources.read(path, values, start + from * each);
      return values;
    };
  });
  return { bytes: 0, row: (row) => places.map((place) => place(row)) };
}
