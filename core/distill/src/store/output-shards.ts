// One output of a teacher on one data set, as a folder of shards: what is there, read by example, and filled.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { EncodingCost, HostTensor, TensorSpec } from '../contracts/index.js';
import { elementCount, hostTensor, rowView, zeros } from '../data/arrays.js';
import { flushFolder, makeFolder, writeAlongside } from '../files/write-atomically.js';
import { CostMeter } from './divergence.js';
import { codecOf, type Codec, type Encoding, type StoredArray } from './encoding.js';
import { identityText, readManifest, shardRowsFor, writeManifest, type Manifest } from './manifest.js';
import { PendingShard } from './pending-shard.js';
import { withoutPadding } from './ragged.js';
import { decodeShard } from './shard-file.js';
import { listShards, nameFits, shardName } from './shard-names.js';
import { widthOf } from './stored-rows.js';
import { fileShard, residentShard, type ShardReader } from './shard-reader.js';
import type { StoreResources } from './shared.js';
import { markUsed } from './usage.js';

/** Whose answers they are, in words. */
export interface AboutAnswers {
  readonly recipe: string;
  readonly teacher: string;
  readonly data: string;
}

export interface ShardsRequest {
  /** Where its manifest and shards lie. */
  readonly folder: string;
  readonly key: string;
  readonly output: string;
  readonly spec: TensorSpec;
  readonly encoding: Encoding;
  /** Examples of the data set. */
  readonly size: number;
  readonly about: AboutAnswers;
  readonly resources: StoreResources;
  /** Told of shards that are damaged, which are removed and made again. */
  readonly onDamaged: (path: string, reason: string) => void;
}

/** For a few numbers a loop over arrays of one kind is several times as fast as a view. */
function copyFew(data: Float32Array, from: number, into: Float32Array, to: number, count: number): void {
  for (let k = 0; k < count; k++) into[to + k] = data[from + k] as number;
}

export class OutputShards {
  private readonly readers = new Map<number, ShardReader>();
  private readonly pending = new Map<number, PendingShard>();
  private readonly meter: CostMeter | undefined;
  /** One shard at a time is written, while the teacher works on. */
  private writing: Promise<void> = Promise.resolve();
  private wrote = false;

  private constructor(
    private readonly request: ShardsRequest,
    private manifest: Manifest,
    private readonly codec: Codec,
    /** Path of each shard that is there, by number. */
    private readonly shards: Map<number, string>,
  ) {
    const { encoding, dtype, shape, shardRows, cost } = manifest;
    if (encoding !== 'float32' && dtype === 'float32' && !cost)
      this.meter = new CostMeter(codec, shape.at(-1) ?? null, shardRows);
  }

  /** Opens the folder, or makes it. */
  static async open(request: ShardsRequest): Promise<OutputShards> {
    const { folder, key, output, spec, encoding, size, about } = request;
    const count = elementCount(spec.shape.map((length) => length ?? 256));
    const wanted = {
      key,
      output,
      dtype: spec.dtype,
      shape: [...spec.shape],
      encoding,
      size,
      shardRows: shardRowsFor(size, 4 * count),
    };
    await makeFolder(folder);
    let manifest = await readManifest(folder);
    // A manifest that is missing, damaged or of something else costs nothing: shards say themselves what they are.
    if (!manifest || identityText(manifest) !== identityText(wanted)) {
      const { teacher, data } = about;
      manifest = { ...wanted, teacher, data, created: new Date().toISOString() };
      await writeManifest(folder, manifest);
    }
    await markUsed(folder, about.recipe);
    return new OutputShards(request, manifest, codecOf(spec, encoding), listShards(folder));
  }

  get shardRows(): number {
    return this.manifest.shardRows;
  }

  get encoding(): Encoding {
    return this.manifest.encoding;
  }

  get ragged(): boolean {
    return this.manifest.shape.includes(null);
  }

  /** What the encoding cost on the first shard; undefined where it is exact or nothing was written yet. */
  get cost(): EncodingCost | undefined {
    return this.manifest.cost ?? this.meter?.cost;
  }

  /** Whether all shards are open, so that every example is there. */
  get isComplete(): boolean {
    return this.readers.size === Math.ceil(this.manifest.size / this.shardRows);
  }

  /** Bytes that are still to be written; axes of varying length count as 1. */
  get bytesLeft(): number {
    const { shape, size } = this.manifest;
    const count = elementCount(shape.map((length) => length ?? 1));
    const row = this.codec.columns.reduce((sum, { type, width }) => sum + width(count) * widthOf(type), 0);
    return Math.max(0, size - this.shards.size * this.shardRows) * row;
  }

  /** Whether the example is there; undefined where its shard must be opened to know. */
  known(index: number): boolean | undefined {
    const [shard, row] = this.place(index);
    if (this.readers.has(shard)) return true;
    if (this.pending.get(shard)?.has(row)) return true;
    return this.shards.has(shard) ? undefined : false;
  }

  /** Whether the examples follow one another within one shard, and none of them is there: known without waiting. */
  lacksAll(indices: readonly number[]): boolean {
    const [shard, row] = this.place(indices[0] ?? 0);
    if (this.shards.has(shard) || row + indices.length > this.shardRows || !isConsecutive(indices))
      return false;
    return this.pending.get(shard)?.lacksAll(row, indices.length) ?? true;
  }

  /** Whether the example's output is there. Opens its shard, so that a damaged one counts as missing. */
  async has(index: number): Promise<boolean> {
    const [shard, row] = this.place(index);
    return (await this.reader(shard)) !== undefined || (this.pending.get(shard)?.has(row) ?? false);
  }

  /** Examples from `from` up to `to` that are not there. Looks again at what other processes may have written. */
  async missing(from: number, to: number): Promise<number[]> {
    this.refresh();
    const found: number[] = [];
    for (let index = from; index < to;) {
      const [shard] = this.place(index);
      const end = Math.min(to, (shard + 1) * this.shardRows);
      if (await this.reader(shard)) index = end;
      else for (; index < end; index++) if (!this.known(index)) found.push(index);
    }
    return found;
  }

  /** The output of one example, which {@link has} found; without the batch axis. */
  read(index: number): HostTensor {
    const stored = this.stored(index);
    const { dtype } = this.manifest;
    const shape = this.ragged ? [...(stored.at(-1) as StoredArray)] : (this.manifest.shape as number[]);
    const values = zeros(dtype, elementCount(shape));
    this.codec.decode(stored, values);
    return hostTensor(dtype, shape, values);
  }

  /** The outputs of examples that are there, as one tensor with the batch axis first. Not for ragged outputs. */
  readAll(indices: readonly number[]): HostTensor {
    const { dtype, shape } = this.manifest;
    const fixed = shape.map((length) => length ?? 0);
    const count = elementCount(fixed);
    const values = zeros(dtype, indices.length * count);
    // In every training step: nothing is made for a row.
    let open = -1;
    let data: StoredArray | undefined;
    for (let at = 0; at < indices.length; at++) {
      const index = indices[at] as number;
      const shard = Math.floor(index / this.shardRows);
      if (shard !== open) data = this.codec.exact ? this.readers.get(shard)?.columns?.[0]?.data : undefined;
      open = shard;
      const to = at * count;
      const from = (index - shard * this.shardRows) * count;
      if (!data) this.codec.decode(this.stored(index), values.subarray(to, to + count));
      else if (count <= 64 && data instanceof Float32Array && values instanceof Float32Array)
        copyFew(data, from, values, to, count);
      else values.set(data.subarray(from, from + count), to);
    }
    return hostTensor(dtype, [indices.length, ...fixed], values);
  }

  /** Keeps the outputs of a batch, and writes each shard that this fills. `lengths` of ragged axes: [batch, axes]. */
  async put(indices: readonly number[], tensor: HostTensor, lengths: HostTensor | undefined): Promise<void> {
    const [first, from] = this.place(indices[0] ?? 0);
    // The shard before is written while the teacher answers the first batch of this one, which is not kept before: what a
    // kill loses is one shard, and the batch that the teacher was at.
    await this.writing;
    if (this.lacksAll(indices) && this.pendingShard(first).putAll(from, indices.length, tensor.data)) {
      await this.writeIfFull(first);
      return;
    }
    for (const [at, index] of indices.entries()) {
      const [shard, row] = this.place(index);
      if (this.shards.has(shard)) continue;
      const pending = this.pendingShard(shard);
      const padded = rowView(tensor, at);
      const own = lengths ? withoutPadding(padded, this.manifest.shape, lengths, at) : padded;
      pending.put(row, own.data, own.shape);
      this.meter?.add(own, pending.row(row) as readonly StoredArray[]);
      if (pending.full) await this.writeIfFull(shard);
    }
  }

  private async writeIfFull(shard: number): Promise<void> {
    const pending = this.pending.get(shard);
    if (!pending?.full) return;
    await this.writing;
    this.writing = this.write(shard, pending);
    // Whoever waits next is told.
    this.writing.catch(() => undefined);
  }

  /** Waits for the shard that is being written. */
  async close(): Promise<void> {
    try {
      await this.writing;
      if (this.wrote) await flushFolder(this.request.folder);
    } finally {
      for (const { bytes } of this.readers.values()) this.request.resources.giveBack(bytes);
      this.readers.clear();
      this.pending.clear();
    }
  }

  private refresh(): void {
    for (const [shard, path] of listShards(this.request.folder))
      if (!this.shards.has(shard)) this.shards.set(shard, path);
  }

  private stored(index: number): readonly StoredArray[] {
    const [shard, row] = this.place(index);
    const stored = this.readers.get(shard)?.row(row) ?? this.pending.get(shard)?.row(row);
    if (!stored) throw new Error(`internal: example ${index} is not in the store`);
    return stored;
  }

  private place(index: number): readonly [shard: number, row: number] {
    const shard = Math.floor(index / this.shardRows);
    return [shard, index - shard * this.shardRows];
  }

  private pendingShard(shard: number): PendingShard {
    let pending = this.pending.get(shard);
    if (!pending) {
      const { output, shape, size } = this.manifest;
      const rows = Math.min(this.shardRows, size - shard * this.shardRows);
      pending = new PendingShard(output, this.codec, shape, rows);
      this.pending.set(shard, pending);
    }
    return pending;
  }

  /** Writes a full shard, unless another process has done so: all are to read the same. */
  private async write(shard: number, pending: PendingShard): Promise<void> {
    const { folder, resources } = this.request;
    this.refresh();
    if (!(await this.reader(shard))) {
      const bytes = pending.encode(identityText(this.manifest));
      const path = join(folder, shardName(shard, bytes));
      await writeAlongside(path, bytes);
      this.wrote = true;
      resources.found(path);
      this.shards.set(shard, path);
      const kept = resources.take(bytes.length);
      const reader = kept
        ? residentShard(pending.shardColumns(), bytes.length)
        : this.readerOf(path, bytes, kept);
      this.readers.set(shard, reader);
      if (this.meter?.cost && !this.manifest.cost) {
        this.manifest = { ...this.manifest, cost: this.meter.cost };
        await writeManifest(folder, this.manifest);
      }
    }
    this.pending.delete(shard);
  }

  /** The shard, opened and verified; undefined when it is not there. */
  private async reader(shard: number): Promise<ShardReader | undefined> {
    const open = this.readers.get(shard);
    const path = this.shards.get(shard);
    if (open || path === undefined) return open;
    try {
      const reader = this.openShard(path);
      this.readers.set(shard, reader);
      return reader;
    } catch (error) {
      this.shards.delete(shard);
      this.request.resources.forget(path);
      // Removed meanwhile, as `potstill store prune` does.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.request.onDamaged(path, error instanceof Error ? error.message : String(error));
      await rm(path, { force: true });
      return undefined;
    }
  }

  private openShard(path: string): ShardReader {
    const { resources } = this.request;
    const size = resources.sizeOf(path);
    const kept = resources.take(size);
    try {
      const bytes = resources.readWhole(path, kept);
      const sound = resources.isSound(path);
      if (!sound && !nameFits(basename(path), bytes))
        throw new Error('its bytes are not those that were written');
      const reader = this.readerOf(path, bytes, kept);
      if (!sound) resources.found(path);
      return reader;
    } catch (error) {
      if (kept) resources.giveBack(size);
      throw error;
    }
  }

  private readerOf(path: string, bytes: Uint8Array, kept: boolean): ShardReader {
    const { columns, identity } = decodeShard(bytes);
    if (identity !== identityText(this.manifest))
      throw new Error('it is of another teacher, data or encoding');
    return kept
      ? residentShard(columns, bytes.length)
      : fileShard(path, columns, bytes, this.request.resources);
  }
}

function isConsecutive(indices: readonly number[]): boolean {
  const first = indices[0] ?? 0;
  for (let i = 1; i < indices.length; i++) if (indices[i] !== first + i) return false;
  return true;
}
