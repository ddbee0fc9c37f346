// What a folder of shards holds: one output of one teacher on one data set, and how it is encoded.
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../files/json.js';

const file = 'manifest.json';

const encoding = z.union([
  z.enum(['float32', 'float16', 'int8']),
  z.strictObject({ top: z.int().min(1) }).readonly(),
]);

/** What decides the bytes of shards. Each shard holds it too. */
const identity = z.strictObject({
  /** Fingerprint of teacher, data and transforms together. */
  key: z.string(),
  output: z.string(),
  dtype: z.enum(['float32', 'int32', 'bool']),
  /** Of one example; null is an axis of varying length. */
  shape: z.array(z.int().min(0).nullable()),
  encoding,
  /** Examples of the data set. */
  size: z.int().min(0),
  /** Examples a shard; the last may hold fewer. */
  shardRows: z.int().min(1),
});

const schema = z.strictObject({
  ...identity.shape,
  /** In words: `onnx`, `recipe mnist-teacher`. */
  teacher: z.string(),
  data: z.string(),
  /** ISO 8601. */
  created: z.string(),
  /** What the encoding cost on the first shard, as {@link EncodingCost}. */
  cost: z.strictObject({ mean: z.number(), largest: z.number(), count: z.number() }).optional(),
});

export type ShardIdentity = z.output<typeof identity>;
export type Manifest = z.output<typeof schema>;

/** The identity as shards keep it. */
export function identityText(of: ShardIdentity): string {
  const { key, output, dtype, shape, encoding, size, shardRows } = of;
  return JSON.stringify({ format: 1, key, output, dtype, shape, encoding, size, shardRows });
}

/**
 * Examples a shard, a power of two: about 16 shards, so that a kill loses little, and at most 32 MiB of `rowBytes` in
 * memory. Writing a shard takes a millisecond or two, whatever it holds.
 */
export function shardRowsFor(size: number, rowBytes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, size / 16)));
  const most = 2 ** Math.floor(Math.log2((32 * 2 ** 20) / Math.max(1, rowBytes)));
  return Math.min(16_384, Math.max(16, most), Math.max(256, wanted));
}

/** The manifest in `folder`; undefined when there is none or it is damaged. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    return (await readJson(join(folder, file), schema, 'It is written again.'))?.value;
  } catch {
    return undefined;
  }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeJson(join(folder, file), manifest);
}
