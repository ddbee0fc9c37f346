// A shard that is being filled: rows arrive in any order, each once.
import type { Codec, StoredArray, StoredColumn } from './encoding.js';
import { encodeShard, type ShardColumn } from './shard-file.js';
import { emptyArray, joinRows } from './stored-rows.js';

/** Lengths of an example's axes; ragged outputs alone. */
const shapeColumn: StoredColumn = { suffix: '.shape', type: 'int32', width: (count) => count };

export class PendingShard {
  private readonly filled: (readonly StoredArray[] | undefined)[];
  private count = 0;

  /** @param rows examples of the full shard. @param ragged whether the shape of each example is kept too. */
  constructor(
    private readonly output: string,
    private readonly codec: Codec,
    private readonly ragged: boolean,
    rows: number,
  ) {
    this.filled = Array.from({ length: rows }, () => undefined);
  }

  get full(): boolean {
    return this.count === this.filled.length;
  }

  has(row: number): boolean {
    return this.filled[row] !== undefined;
  }

  /** The stored rows of an example, in the order of columns; undefined when it has not arrived. */
  row(row: number): readonly StoredArray[] | undefined {
    return this.filled[row];
  }

  /** Encodes an example. `shape` is kept for ragged outputs. */
  put(row: number, values: ArrayLike<number>, shape: readonly number[]): void {
    if (this.has(row)) return;
    const rows = this.codec.columns.map(({ type, width }) => emptyArray(type, width(values.length)));
    this.codec.encode(values, rows);
    if (this.ragged) rows.push(Int32Array.from(shape));
    this.filled[row] = rows;
    this.count++;
  }

  /** The bytes of the full shard. */
  encode(): Uint8Array {
    const stored = this.ragged ? [...this.codec.columns, shapeColumn] : this.codec.columns;
    const columns = stored.map(({ suffix, type }, at): ShardColumn => {
      const rows = this.filled.map((row) => row?.[at] ?? emptyArray(type, 0));
      return { name: `${this.output}${suffix}`, type, ...joinRows(type, rows, this.ragged) };
    });
    return encodeShard(this.filled.length, columns);
  }
}
