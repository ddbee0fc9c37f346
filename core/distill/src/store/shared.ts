// What all answers of one process share: memory, open files, and what is known to be whole.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { PotstillError } from '../errors/potstill-error.js';

/** Files open at a time. */
const most = 128;

export class StoreResources {
  /** Open files by path, the one used longest ago first. */
  private readonly files = new Map<string, number>();
  /** Size and time of each shard that was found whole. */
  private readonly sound = new Map<string, string>();
  private scratch = new Uint8Array(0);

  /** @param memory bytes of shards that may stay in memory. */
  constructor(private memory: number) {}

  /** Whether so many bytes may stay in memory; they count until they are given back. */
  take(bytes: number): boolean {
    if (bytes > this.memory) return false;
    this.memory -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.memory += bytes;
  }

  /** Whether the file is as it was when it was last found whole. */
  isSound(path: string): boolean {
    const known = this.sound.get(path);
    return known !== undefined && known === markOf(path);
  }

  found(path: string): void {
    const mark = markOf(path);
    if (mark !== undefined) this.sound.set(path, mark);
  }

  sizeOf(path: string): number {
    return statSync(path).size;
  }

  /** The whole file. Where it is not kept, its bytes are valid until the next call. */
  readWhole(path: string, kept: boolean): Uint8Array {
    const size = statSync(path).size;
    if (!kept && this.scratch.length < size) this.scratch = new Uint8Array(size);
    const bytes = kept ? new Uint8Array(size) : this.scratch.subarray(0, size);
    this.read(path, bytes, 0);
    return bytes;
  }

  /** Fills `into` with the bytes from `position`. */
  read(path: string, into: NodeJS.ArrayBufferView, position: number): void {
    const file = this.open(path);
    for (let done = 0; done < into.byteLength;) {
      const count = readSync(file, into, done, into.byteLength - done, position + done);
      if (count === 0)
        throw new PotstillError({
          code: 'STORE_DAMAGED',
          message: `${path} is shorter than it was`,
          hint: 'Run the command again: what is damaged is made again.',
          location: { file: path },
        });
      done += count;
    }
  }

  /** Closes the file, which is to be removed. */
  forget(path: string): void {
    const file = this.files.get(path);
    if (file !== undefined) closeSync(file);
    this.files.delete(path);
  }

  /** Closes all files. Reading opens them again. */
  close(): void {
    for (const file of this.files.values()) closeSync(file);
    this.files.clear();
  }

  private open(path: string): number {
    const found = this.files.get(path);
    this.files.delete(path);
    const file = found ?? openSync(path, 'r');
    this.files.set(path, file);
    const [oldest] = this.files;
    if (this.files.size > most && oldest) {
      closeSync(oldest[1]);
      this.files.delete(oldest[0]);
    }
    return file;
  }
}

function markOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
