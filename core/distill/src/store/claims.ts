// Which process fills which block of answers: a file a block, so that several processes share the work.
import { mkdir, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A hint and no lock: a file that a kill leaves behind changes the order of labelling, and nothing else. */
export class Claims {
  private mine: string | undefined;

  constructor(private readonly folder: string) {}

  /** Takes the block that begins at example `from` and gives up the one before; false where another process has it. */
  async take(from: number): Promise<boolean> {
    await this.release();
    const path = join(this.folder, String(from));
    try {
      await mkdir(this.folder, { recursive: true });
      await (await open(path, 'wx')).close();
      this.mine = path;
      return true;
    } catch (error) {
      // A folder that cannot be written to is told by the shards.
      return (error as NodeJS.ErrnoException).code !== 'EEXIST';
    }
  }

  /** Gives up the block, and removes the folder when no process is left in it. */
  async release(): Promise<void> {
    if (this.mine === undefined) return;
    await rm(this.mine, { force: true });
    this.mine = undefined;
    await rmdir(this.folder).catch(() => undefined);
  }
}
