// A shard that is being filled: rows arrive in any order, each once.
import type { HostTensor } from '../contracts/index.js';
import { elementCount } from '../data/arrays.js';
import type { Codec, StoredArray, StoredColumn } from './encoding.js';
import { encodeShard, type ShardColumn } from './shard-file.js';
import { emptyArray, joinRows } from './stored-rows.js';

/** Lengths of an example's axes; ragged outputs alone. */
const shapeColumn: StoredColumn = { suffix: '.shape', type: 'int32', width: (count) => count };

export class PendingShard {
  /** Rows of one length lie in arrays of the whole shard; undefined for a ragged output. */
  private readonly columns: readonly StoredArray[] | undefined;
  private readonly widths: readonly number[];
  private readonly ragged: (readonly StoredArray[] | undefined)[];
  private readonly filled: Uint8Array;
  private count = 0;

  /** @param shape of one example; null is an axis of varying length. @param rows examples of the full shard. */
  constructor(
    private readonly output: string,
    private readonly codec: Codec,
    shape: readonly (number | null)[],
    rows: number,
  ) {
    const fixed = shape.filter((length) => length !== null);
    const count = elementCount(fixed);
    this.filled = new Uint8Array(rows);
    this.widths = codec.columns.map(({ width }) => width(count));
    this.columns =
      fixed.length === shape.length
        ? codec.columns.map(({ type }, at) => emptyArray(type, rows * (this.widths[at] as number)))
        : undefined;
    this.ragged = this.columns ? [] : Array.from({ length: rows }, () => undefined);
  }

  /** Examples that have arrived. */
  get rows(): number {
    return this.count;
  }

  get full(): boolean {
    return this.count === this.filled.length;
  }

  has(row: number): boolean {
    return this.filled[row] === 1;
  }

  /** The stored rows of an example, in the order of columns; undefined when it has not arrived. */
  row(row: number): readonly StoredArray[] | undefined {
    if (!this.has(row)) return undefined;
    return this.columns ? this.views(this.columns, row) : this.ragged[row];
  }

  /** Encodes an example. `shape` is kept for ragged outputs. */
  put(row: number, values: ArrayLike<number>, shape: readonly number[]): void {
    if (this.has(row)) return;
    if (this.columns) this.codec.encode(values, this.views(this.columns, row));
    else {
      const rows = this.codec.columns.map(({ type, width }) => emptyArray(type, width(values.length)));
      this.codec.encode(values, rows);
      this.ragged[row] = [...rows, Int32Array.from(shape)];
    }
    this.filled[row] = 1;
    this.count++;
  }

  /** Whether none of `count` rows from `row` on has arrived. */
  lacksAll(row: number, count: number): boolean {
    const next = this.filled.indexOf(1, row);
    return next === -1 || next >= row + count;
  }

  /** Encodes examples of one shape, one after another from `row` on, of which none has arrived. */
  putAll(row: number, count: number, values: HostTensor['data']): boolean {
    if (!this.columns || !this.codec.exact || !this.lacksAll(row, count)) return false;
    const [column] = this.columns;
    column?.set(values, row * (this.widths[0] as number));
    this.filled.fill(1, row, row + count);
    this.count += count;
    return true;
  }

  /** The bytes of the full shard. */
  encode(identity: string): Uint8Array {
    return encodeShard(this.filled.length, this.shardColumns(), identity);
  }

  /** The columns of the full shard. */
  shardColumns(): readonly ShardColumn[] {
    const named = ({ suffix, type }: StoredColumn) => ({ name: `${this.output}${suffix}`, type });
    if (this.columns)
      return this.codec.columns.map((column, at) => ({
        ...named(column),
        width: this.widths[at] as number,
        offsets: new Int32Array(0),
        data: this.columns?.[at] as StoredArray,
      }));
    return [...this.codec.columns, shapeColumn].map((column, at) => {
      const parts = this.ragged.map((row) => row?.[at] ?? emptyArray(column.type, 0));
      return { ...named(column), width: null, ...joinRows(column.type, parts) };
    });
  }

  private views(columns: readonly StoredArray[], row: number): StoredArray[] {
    return columns.map((data, at) => {
      const width = this.widths[at] as number;
      return data.subarray(row * width, (row + 1) * width);
    });
  }
}
