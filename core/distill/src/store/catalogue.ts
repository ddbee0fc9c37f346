// What lies in a teacher store.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PotstillError } from '../errors/potstill-error.js';
import { readManifest, type Manifest } from './manifest.js';
import { listShards } from './shard-names.js';
import { usesOf } from './usage.js';

/** The answers of one output of a teacher about one data set, in one encoding. */
export interface StoredOutput {
  /** `<first 12 digits of the key>/<output>/<encoding>`; the start of it names it in commands. */
  readonly id: string;
  readonly folder: string;
  /** Undefined where it is missing or damaged. */
  readonly manifest: Manifest | undefined;
  /** Path by number. */
  readonly shards: ReadonlyMap<number, string>;
  /** Answers that are there, and that there are when all is labelled; NaN without a manifest. */
  readonly answers: number;
  readonly size: number;
  readonly complete: boolean;
  /** Of the shards. */
  readonly bytes: number;
  /** Recipes that use it, with the time of the last use in milliseconds since 1970. */
  readonly uses: Readonly<Record<string, number>>;
  /** Milliseconds since 1970; 0 where it was never used. */
  readonly lastUsed: number;
}

/** Everything in a store, in the order of ids. Empty where there is no store. */
export async function listStored(store: string): Promise<StoredOutput[]> {
  const found: StoredOutput[] = [];
  for (const prefix of await foldersIn(store))
    for (const key of await foldersIn(prefix))
      for (const output of await foldersIn(key)) {
        if (basename(output) === 'filling') continue;
        for (const encoding of await foldersIn(output)) found.push(await storedOutput(encoding));
      }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The one whose id begins with `start`. `USAGE` where none or several do. */
export function chooseStored(all: readonly StoredOutput[], start: string): StoredOutput {
  const fitting = all.filter(({ id }) => id.startsWith(start));
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  throw new PotstillError({
    code: 'USAGE',
    message: `${fitting.length === 0 ? 'nothing' : 'more than one thing'} in the store begins with \`${start}\``,
    hint: '`potstill store ls` lists what lies there; write as much of an id as names one.',
    allowed: (fitting.length === 0 ? all : fitting).map(({ id }) => id),
  });
}

async function storedOutput(folder: string): Promise<StoredOutput> {
  const [key = '', output = '', encoding = ''] = folder.split(/[\\/]/).slice(-3);
  const [manifest, uses] = await Promise.all([readManifest(folder), usesOf(folder)]);
  const shards = listShards(folder);
  let bytes = 0;
  for (const path of shards.values()) bytes += (await stat(path)).size;
  const { size = NaN, shardRows = NaN } = manifest ?? {};
  const count = Math.ceil(size / shardRows);
  const last = shards.has(count - 1) ? size - (count - 1) * shardRows : shardRows;
  const answers = shards.size === 0 && manifest ? 0 : (shards.size - 1) * shardRows + last;
  return {
    id: `${key.slice(0, 12)}/${decodeURIComponent(output)}/${encoding}`,
    folder,
    manifest,
    shards,
    answers,
    size,
    complete: shards.size === count,
    bytes,
    uses,
    lastUsed: Math.max(0, ...Object.values(uses)),
  };
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== 'used-by')
    .map(({ name }) => join(folder, name));
}
