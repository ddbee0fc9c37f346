// Names of shards: `000012-<first 16 digits of the sha256>.arrow`.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const pattern = /^(\d{6,})-([0-9a-f]{16})\.arrow$/;

export function shardName(shard: number, bytes: Uint8Array): string {
  return `${String(shard).padStart(6, '0')}-${digest(bytes)}.arrow`;
}

/** Whether the bytes are those that the name promises. */
export function nameFits(name: string, bytes: Uint8Array): boolean {
  return pattern.exec(name)?.[2] === digest(bytes);
}

/** Path of each shard in a folder by its number; of two with the same number the first by name. Empty without the folder. */
export function listShards(folder: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of namesIn(folder).sort()) {
    const number = pattern.exec(name)?.[1];
    if (number !== undefined && !found.has(Number(number))) found.set(Number(number), join(folder, name));
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
