// One process at a time in a run folder: a lock that ends with the process that holds it.
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { PotstillError } from '../errors/potstill-error.js';
import { writeFailed } from '../files/write-atomically.js';

export const lockFile = '.lock';

/** Who holds a lock. */
const holderSchema = z.object({
  pid: z.int().min(1),
  host: z.string(),
  /** When the process started, in the system's own count: two processes of one number differ in it. Null where it is not known. */
  started: z.string().nullable(),
  /** ISO 8601. */
  since: z.string(),
});
export type LockHolder = z.infer<typeof holderSchema>;

/** How often a held lock is touched, and after how long without a touch it counts as given up, in milliseconds. */
const heartbeat = { every: 10_000, lost: 180_000 } as const;

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of a run folder. `RUN_IN_USE` names the process that holds it. */
export async function lockRun(folder: string): Promise<Lock> {
  const path = join(folder, lockFile);
  const mine: LockHolder = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    since: new Date().toISOString(),
  };
  const text = `${JSON.stringify(mine)}\n`;
  while (!(await take(path, text))) {
    const found = await readFile(path, 'utf8').catch(() => undefined);
    // Released between the two looks.
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (await isAlive(path, holder)) throw inUse(folder, holder);
    await remove(path, found);
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeat.every);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      // Not when somebody else has taken it for lost.
      if ((await readFile(path, 'utf8').catch(() => undefined)) === text) await rm(path, { force: true });
    },
  };
}

/** Who works in a run folder now; undefined when nobody does. */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const path = join(folder, lockFile);
  const found = await readFile(path, 'utf8').catch(() => undefined);
  const holder = found === undefined ? undefined : parseHolder(found);
  return holder && (await isAlive(path, holder)) ? holder : undefined;
}

async function take(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(text).finally(() => file.close());
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeFailed(path, cause);
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A lock that cannot be read, or of another machine, is told by its heartbeat alone. */
async function isAlive(path: string, holder: LockHolder | undefined): Promise<boolean> {
  const touched = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => -Infinity,
  );
  const beating = Date.now() - touched < heartbeat.lost;
  if (holder?.host !== hostname()) return beating;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = startOf(holder.pid);
  return started === null || holder.started === null ? beating : started === holder.started;
}

/** Field 22 of /proc/PID/stat: ticks from the start of the system to that of the process. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** After so many milliseconds whoever was removing a lock has died. */
const removing = 10_000;

/**
 * Removes a lock whose holder is gone, unless it has become another's meanwhile. One process at a time: between looking
 * and removing, another could remove the same lock and somebody take it.
 */
async function remove(path: string, found: string): Promise<void> {
  const turn = `${path}.turn`;
  if (!(await take(turn, ''))) {
    const { mtimeMs } = await stat(turn).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > removing) await rm(turn, { force: true });
    else await setTimeout(5);
    return;
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === found) await rm(path, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}

function inUse(folder: string, holder: LockHolder | undefined): PotstillError {
  const who = holder
    ? `process ${holder.pid} on ${holder.host}, since ${holder.since.replace('T', ' ').slice(0, 16)} UTC`
    : 'another process';
  return new PotstillError({
    code: 'RUN_IN_USE',
    message: `${folder} is in use by ${who}`,
    hint: 'Wait for that run to end or stop it, or run without --resume to begin in another folder.',
    location: { file: folder },
  });
}
