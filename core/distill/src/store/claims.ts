// Which process fills which block of answers: a file a block, so that several processes share the work.
import { closeSync, mkdirSync, openSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A hint and no lock: a file that a kill leaves behind changes the order of labelling, and nothing else. Without waiting,
 * since such calls take microseconds and labelling makes some for each block.
 */
export class Claims {
  /** The latest last. The one before it is kept too: its shard may still be on its way to the disk. */
  private mine: string[] = [];

  constructor(private readonly folder: string) {}

  /** Takes the block that begins at example `from`; false where another process has it. */
  take(from: number): boolean {
    this.release(1);
    const path = join(this.folder, String(from));
    try {
      this.create(path);
      this.mine.push(path);
      return true;
    } catch (error) {
      // A folder that cannot be written to is told by the shards.
      return (error as NodeJS.ErrnoException).code !== 'EEXIST';
    }
  }

  /** Makes the folder where it is not there: another process may have removed it. */
  private create(path: string): void {
    try {
      closeSync(openSync(path, 'wx'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(this.folder, { recursive: true });
      closeSync(openSync(path, 'wx'));
    }
  }

  /** Gives up all blocks, and removes the folder when no process is left in it. */
  close(): void {
    this.release(0);
    try {
      rmdirSync(this.folder);
    } catch {
      // Others are at work, or none ever was.
    }
  }

  private release(keep: number): void {
    while (this.mine.length > keep) rmSync(this.mine.shift() ?? '', { force: true });
  }
}
