// One output of a teacher on one data set, as a folder of shards: what is there, read by example, and filled.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostTensor, TensorSpec } from '../contracts/index.js';
import { elementCount, hostTensor, rowView, zeros } from '../data/arrays.js';
import { writeAtomically } from '../files/write-atomically.js';
import { encodingError, type EncodingError } from './divergence.js';
import { codecOf, type Codec, type Encoding, type StoredArray } from './encoding.js';
import { readManifest, shardRowsFor, writeManifest, type Manifest } from './manifest.js';
import { PendingShard } from './pending-shard.js';
import { fileShard, residentShard, type ShardReader } from './shard-reader.js';

export interface OutputRequest {
  /** Where its manifest and shards lie. */
  readonly folder: string;
  readonly key: string;
  readonly output: string;
  readonly spec: TensorSpec;
  readonly encoding: Encoding;
  /** Examples of the data set. */
  readonly size: number;
  /** Bytes of shards that may stay in memory; shared by all outputs. */
  readonly memory: { left: number };
  /** Told of shards that are damaged, which are removed and made again. */
  readonly onDamaged: (path: string, reason: string) => void;
}

/** `000012-<first 16 digits of the sha256>.arrow` */
const shardName = /^(\d{6,})-([0-9a-f]{16})\.arrow$/;

export class OutputShards {
  private readonly readers = new Map<number, ShardReader>();
  private readonly pending = new Map<number, PendingShard>();
  private error: EncodingError | undefined;

  private constructor(
    private readonly request: OutputRequest,
    private readonly manifest: Manifest,
    private readonly codec: Codec,
    /** Path of each shard that is there, by number. */
    private readonly shards: Map<number, string>,
  ) {}

  /** Opens the folder, or makes it. One that holds something else under this name is emptied, and said. */
  static async open(request: OutputRequest): Promise<OutputShards> {
    const { folder, key, output, spec, encoding, size } = request;
    const codec = codecOf(spec, encoding);
    const count = elementCount(spec.shape.map((length) => length ?? 256));
    const wanted: Manifest = {
      key,
      output,
      dtype: spec.dtype,
      shape: [...spec.shape],
      encoding,
      size,
      shardRows: shardRowsFor(size, 4 * count),
    };
    await mkdir(folder, { recursive: true });
    const found = await readManifest(folder);
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      const names = (await readdir(folder)).filter((name) => shardName.test(name));
      if (names.length > 0)
        request.onDamaged(folder, 'its manifest is missing, damaged or of something else');
      for (const name of names) await rm(join(folder, name), { force: true });
      await writeManifest(folder, wanted);
    }
    const shards = new Map<number, string>();
    for (const name of (await readdir(folder)).sort()) {
      const number = shardName.exec(name)?.[1];
      if (number !== undefined) shards.set(Number(number), join(folder, name));
    }
    return new OutputShards(request, wanted, codec, shards);
  }

  get shardRows(): number {
    return this.manifest.shardRows;
  }

  /** What the encoding cost on the first shard that was written here; undefined where it is exact or none was. */
  get measured(): EncodingError | undefined {
    return this.error;
  }

  /** Whether the example's output is there. Opens its shard, so that a damaged one counts as missing. */
  async has(index: number): Promise<boolean> {
    const [shard, row] = this.place(index);
    return (await this.reader(shard)) !== undefined || (this.pending.get(shard)?.has(row) ?? false);
  }

  /** The output of one example, which {@link has} found; without the batch axis. */
  read(index: number): HostTensor {
    const stored = this.stored(index);
    const shape = this.ragged ? [...(stored.at(-1) as StoredArray)] : (this.manifest.shape as number[]);
    const values = zeros(this.manifest.dtype, elementCount(shape));
    this.codec.decode(stored, values);
    return hostTensor(this.manifest.dtype, shape, values);
  }

  /** Whether the example is there, where that is known without opening a shard; undefined where it is not. */
  known(index: number): boolean | undefined {
    const [shard, row] = this.place(index);
    if (this.readers.has(shard)) return true;
    return this.shards.has(shard) ? undefined : (this.pending.get(shard)?.has(row) ?? false);
  }

  /** The outputs of examples that are there, as one tensor with the batch axis first. Not for ragged outputs. */
  readAll(indices: readonly number[]): HostTensor {
    const { dtype, shape } = this.manifest;
    const fixed = shape.map((length) => length ?? 0);
    const count = elementCount(fixed);
    const values = zeros(dtype, indices.length * count);
    indices.forEach((index, at) =>
      this.codec.decode(this.stored(index), values.subarray(at * count, (at + 1) * count)),
    );
    return hostTensor(dtype, [indices.length, ...fixed], values);
  }

  /** Keeps the outputs of a batch, and writes each shard that this fills. `lengths` of ragged axes: [batch, axes]. */
  async put(indices: readonly number[], tensor: HostTensor, lengths: HostTensor | undefined): Promise<void> {
    for (const [at, index] of indices.entries()) {
      const [shard, row] = this.place(index);
      if (this.shards.has(shard)) continue;
      let pending = this.pending.get(shard);
      if (!pending) {
        const rows = Math.min(this.shardRows, this.manifest.size - shard * this.shardRows);
        pending = new PendingShard(this.manifest.output, this.codec, this.ragged, rows);
        this.pending.set(shard, pending);
      }
      const padded = rowView(tensor, at);
      const own = lengths ? cut(padded, this.manifest.shape, lengths, at) : padded;
      pending.put(row, own.data, own.shape);
      this.measure(own, pending.row(row) as readonly StoredArray[]);
      if (pending.full) await this.write(shard, pending);
    }
  }

  close(): void {
    for (const reader of this.readers.values()) reader.close();
    this.readers.clear();
    this.pending.clear();
  }

  private stored(index: number): readonly StoredArray[] {
    const [shard, row] = this.place(index);
    const stored = this.readers.get(shard)?.row(row) ?? this.pending.get(shard)?.row(row);
    if (!stored) throw new Error(`internal: example ${index} is not in the store`);
    return stored;
  }

  get ragged(): boolean {
    return this.manifest.shape.includes(null);
  }

  private place(index: number): readonly [shard: number, row: number] {
    return [Math.floor(index / this.shardRows), index % this.shardRows];
  }

  private async write(shard: number, pending: PendingShard): Promise<void> {
    const bytes = pending.encode();
    const digits = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const path = join(this.request.folder, `${String(shard).padStart(6, '0')}-${digits}.arrow`);
    await writeAtomically(path, bytes);
    this.shards.set(shard, path);
    this.keep(shard, path, bytes);
    this.pending.delete(shard);
  }

  /** The shard, opened and verified; undefined when it is not there. */
  private async reader(shard: number): Promise<ShardReader | undefined> {
    const open = this.readers.get(shard);
    if (open) return open;
    const path = this.shards.get(shard);
    if (path === undefined) return undefined;
    try {
      const bytes = await readFile(path);
      verifyShard(path, bytes);
      return this.keep(shard, path, bytes);
    } catch (error) {
      this.request.onDamaged(path, error instanceof Error ? error.message : String(error));
      await rm(path, { force: true });
      this.shards.delete(shard);
      return undefined;
    }
  }

  private keep(shard: number, path: string, bytes: Uint8Array): ShardReader {
    const { memory } = this.request;
    const fits = bytes.byteLength <= memory.left;
    const reader = fits ? residentShard(bytes) : fileShard(path, bytes);
    if (fits) memory.left -= bytes.byteLength;
    this.readers.set(shard, reader);
    return reader;
  }

  /** Adds an example to what the encoding cost, until the first shard is full. */
  private measure(given: HostTensor, stored: readonly StoredArray[]): void {
    const { encoding, dtype, shape } = this.manifest;
    if (encoding === 'float32' || dtype !== 'float32') return;
    const before = this.error ?? { mean: 0, largest: 0, count: 0 };
    if (before.count >= this.shardRows) return;
    const kept = new Float32Array(given.data.length);
    this.codec.decode(stored, kept);
    const now = encodingError(given.data, kept, shape.at(-1) ?? given.shape.at(-1) ?? 1);
    const count = before.count + now.count;
    this.error = {
      mean: count > 0 ? (before.mean * before.count + now.mean * now.count) / count : 0,
      largest: Math.max(before.largest, now.largest),
      count,
    };
  }
}

/** Throws where the bytes are not those that the name promises. */
function verifyShard(path: string, bytes: Uint8Array): void {
  const digits = /-([0-9a-f]{16})\.arrow$/.exec(path)?.[1];
  if (createHash('sha256').update(bytes).digest('hex').slice(0, 16) !== digits)
    throw new Error('its bytes are not those that were written');
}

/** A ragged example without its padding. */
function cut(
  padded: HostTensor,
  spec: readonly (number | null)[],
  lengths: HostTensor,
  at: number,
): HostTensor {
  const axes = spec.filter((length) => length === null).length;
  let next = 0;
  const shape = padded.shape.map((length, axis) =>
    spec[axis] === null ? (lengths.data[at * axes + next++] as number) : length,
  );
  const out = zeros(padded.dtype, elementCount(shape));
  copyCorner(padded, shape, out);
  return hostTensor(padded.dtype, shape, out);
}

/** Copies the corner of `from` that has `shape`; both row-major. */
function copyCorner(from: HostTensor, shape: readonly number[], out: HostTensor['data']): void {
  const run = shape.at(-1) ?? 1;
  for (let start = 0; start < out.length; start += run) {
    let rest = start / run;
    let position = 0;
    let stride = from.shape.at(-1) ?? 1;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      position += (rest % (shape[axis] as number)) * stride;
      rest = Math.floor(rest / (shape[axis] as number));
      stride *= from.shape[axis] as number;
    }
    out.set(from.data.subarray(position, position + run), start);
  }
}
