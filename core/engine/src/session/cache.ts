// Compiled graphs on disk, so that a second run starts at once.
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineWarning } from '../types.js';
import { makeFolder } from './make-folder.js';

/** A graph after the engine's passes and ONNX Runtime's, and what a session needs to know of it. */
export interface CachedGraph {
  readonly model: Uint8Array;
  readonly facts: unknown;
}

const magic = 'potstill graph 1\n';
const suffix = '.graph';
/** Models that ONNX Runtime writes, and entries before they get their name. */
const unfinished = '.tmp';
/** What a process that died left unfinished is removed after this many milliseconds. */
const abandoned = 60 * 60 * 1000;
/** Bytes that all entries may take; the least recently used go first. */
const defaultLimit = 256 * 2 ** 20;

/**
 * Entries are files named by their key: magic, SHA-256 of the rest, length of the facts, facts as JSON, model. They get
 * their name when they are complete, so processes may share a folder; an entry with a wrong checksum is ignored.
 * No failure here ends a training: the first one is reported as a warning.
 */
export class GraphCache {
  private warned = false;

  constructor(
    readonly folder: string,
    private readonly warn: (warning: EngineWarning) => void,
    private readonly limit: number = defaultLimit,
  ) {}

  async find(key: string): Promise<CachedGraph | undefined> {
    const file = this.file(key);
    try {
      const found = unpack(await readFile(file));
      // The time of last use decides what is removed.
      if (found) await utimes(file, new Date(), new Date());
      return found;
    } catch (cause) {
      if (!isMissing(cause)) this.failed(cause);
      return undefined;
    }
  }

  /** Stores what `make` writes to the path that it receives; returns what `make` returns. */
  async fill<T>(key: string, facts: unknown, make: (path: string | undefined) => Promise<T>): Promise<T> {
    const path = join(this.folder, `${randomUUID()}${unfinished}`);
    let made: T;
    try {
      await makeFolder(this.folder);
      // ONNX Runtime says little of a path that it cannot write.
      await writeFile(path, '');
    } catch (cause) {
      this.failed(cause);
      return make(undefined);
    }
    try {
      made = await make(path);
      await this.put(key, { model: await readFile(path), facts });
    } finally {
      await rm(path, { force: true });
    }
    return made;
  }

  private async put(key: string, graph: CachedGraph): Promise<void> {
    const path = join(this.folder, `${randomUUID()}${unfinished}`);
    try {
      await writeFile(path, pack(graph));
      await rename(path, this.file(key));
      await this.prune();
    } catch (cause) {
      await rm(path, { force: true });
      this.failed(cause);
    }
  }

  private file(key: string): string {
    return join(this.folder, `${key}${suffix}`);
  }

  /** Removes entries, the least recently used first, until the rest is within the limit. */
  private async prune(): Promise<void> {
    const names = await readdir(this.folder);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name);
        // Another process may remove it meanwhile.
        const found = await stat(path).catch(() => undefined);
        return found?.isFile() ? [{ name, path, size: found.size, used: found.mtimeMs }] : [];
      }),
    );
    let sum = 0;
    for (const { name, path, size, used } of files.flat().sort((a, b) => b.used - a.used)) {
      if (name.endsWith(suffix)) sum += size;
      const old = name.endsWith(unfinished) && used < Date.now() - abandoned;
      if (old || (name.endsWith(suffix) && sum > this.limit)) await rm(path, { force: true });
    }
  }

  private failed(cause: unknown): void {
    if (this.warned) return;
    this.warned = true;
    this.warn({
      code: 'ENGINE_CACHE',
      message: `the cache of compiled graphs, ${this.folder}, cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Use a writable folder, or `cache: false`; the run continues without a cache.',
    });
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const digestBytes = 32;

function pack({ model, facts }: CachedGraph): Uint8Array {
  const json = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const rest = Buffer.concat([length, json, model]);
  return Buffer.concat([Buffer.from(magic), digest(rest), rest]);
}

function unpack(bytes: Buffer): CachedGraph | undefined {
  const start = magic.length + digestBytes;
  if (bytes.length < start + 4 || bytes.toString('latin1', 0, magic.length) !== magic) return undefined;
  const rest = bytes.subarray(start);
  if (!digest(rest).equals(bytes.subarray(magic.length, start))) return undefined;
  const end = 4 + rest.readUInt32LE(0);
  return { facts: JSON.parse(rest.toString('utf8', 4, end)), model: rest.subarray(end) };
}
