// Whether stored answers are those that were written.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { StoredOutput } from './catalogue.js';
import { identityText } from './manifest.js';
import { decodeShard } from './shard-file.js';
import { nameFits } from './shard-names.js';

export interface VerifiedShard {
  /** Of what it is a part. */
  readonly id: string;
  readonly file: string;
  /** What is wrong with it; undefined for a whole one. */
  readonly fault: string | undefined;
}

/** Reads every shard, in the order of examples. */
export async function* verifyStored({ id, manifest, shards }: StoredOutput): AsyncGenerator<VerifiedShard> {
  for (const [number, file] of [...shards].sort(([a], [b]) => a - b)) {
    const check = async (): Promise<string | undefined> => {
      const bytes = await readFile(file);
      if (!nameFits(basename(file), bytes)) return 'its bytes are not those that were written';
      const { rows, identity } = decodeShard(bytes);
      // Without a manifest a shard can be compared with its own name alone.
      if (!manifest) return undefined;
      if (identity !== identityText(manifest)) return 'it is of another teacher, data or encoding';
      const expected = Math.min(manifest.shardRows, manifest.size - number * manifest.shardRows);
      return rows === expected ? undefined : `it has ${rows} rows, not ${expected}`;
    };
    const fault = await check().catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    yield { id, file, fault };
  }
}
