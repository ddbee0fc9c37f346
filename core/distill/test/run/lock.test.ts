// One process at a time in a run folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile, lockHolder, lockRun, type LockHolder } from '../../src/run/lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Leaves the lock of another process, as this one would have written it but for `changes`. */
async function leave(changes: Partial<LockHolder>): Promise<void> {
  const lock = await lockRun(folder);
  const mine = await lockHolder(folder);
  await lock.release();
  await writeFile(join(folder, lockFile), JSON.stringify({ ...mine, ...changes }));
}

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? NaN;
}

describe('lockRun', () => {
  it('tells a second who holds the folder, and lets it in once it is released', async () => {
    const lock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(
      new RegExp(`RUN_IN_USE: .* in use by process ${process.pid} on .*, since \\d{4}-\\d\\d-\\d\\d`),
    );
    await lock.release();
    expect(await lockHolder(folder)).toBeUndefined();
    await (await lockRun(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is not kept by a process that has ended', async () => {
    await leave({ pid: await endedProcess() });
    expect(await lockHolder(folder)).toBeUndefined();
    await (await lockRun(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'is not kept by a process whose number another has now',
    async () => {
      await leave({ started: '1' });
      await (await lockRun(folder)).release();
    },
  );

  it('is kept by another machine as long as it is touched', async () => {
    await leave({ host: 'elsewhere', pid: 1 });
    await expect(lockRun(folder)).rejects.toThrow(/process 1 on elsewhere/);
    const long = new Date(Date.now() - 3_600_000);
    await utimes(join(folder, lockFile), long, long);
    await (await lockRun(folder)).release();
  });

  it('is kept by a file that is not whole as long as it is new', async () => {
    await writeFile(join(folder, lockFile), '');
    await expect(lockRun(folder)).rejects.toThrow(/in use by another process/);
  });

  it('lets one of many in when a holder has died', async () => {
    await leave({ pid: await endedProcess() });
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(JSON.parse(await readFile(join(folder, lockFile), 'utf8'))).toMatchObject({ pid: process.pid });
  });
});
