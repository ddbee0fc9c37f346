// What a folder of shards holds: one output of one teacher on one data set, and how it is encoded.
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../files/json.js';

const file = 'manifest.json';

const schema = z.strictObject({
  /** Fingerprint of teacher, data and transforms together. */
  key: z.string(),
  output: z.string(),
  dtype: z.enum(['float32', 'int32', 'bool']),
  /** Of one example; null is an axis of varying length. */
  shape: z.array(z.int().min(0).nullable()),
  encoding: z.union([z.enum(['float32', 'float16', 'int8']), z.strictObject({ top: z.int().min(1) })]),
  /** Examples of the data set. */
  size: z.int().min(0),
  /** Examples a shard; the last may hold fewer. */
  shardRows: z.int().min(1),
});

export type Manifest = z.output<typeof schema>;

/** Examples a shard: about 64 shards, so that a kill loses little, and at most 64 MiB of `rowBytes` in memory. */
export function shardRowsFor(size: number, rowBytes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, size / 64)));
  const most = Math.max(16, Math.floor((64 * 2 ** 20) / Math.max(1, rowBytes)));
  return Math.min(most, 16_384, Math.max(256, wanted));
}

/** The manifest in `folder`; undefined when there is none or it is damaged: the shards are then made again. */
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
