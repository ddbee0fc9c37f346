// Removes stored answers that are no longer wanted.
import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTemporary } from '../files/write-atomically.js';
import type { StoredOutput } from './catalogue.js';

/** What is to go: all that is named must hold. */
export interface PruneRules {
  /** Not used since then, in milliseconds since 1970. */
  readonly unusedSince?: number;
  /** Used by this recipe and no other. */
  readonly recipe?: string;
  /** Not all answers are there, and no process is at work on them. */
  readonly incomplete?: boolean;
}

/** Milliseconds after which a process that began a block is taken for dead, and a temporary file for left behind. */
const forgotten = 3_600_000;

/** What the rules choose. */
export async function prunable(
  all: readonly StoredOutput[],
  { unusedSince, recipe, incomplete }: PruneRules,
  now: number,
): Promise<StoredOutput[]> {
  const chosen: StoredOutput[] = [];
  for (const stored of all) {
    const recipes = Object.keys(stored.uses);
    if (unusedSince !== undefined && stored.lastUsed >= unusedSince) continue;
    if (recipe !== undefined && (recipes.length !== 1 || recipes[0] !== recipe)) continue;
    if (incomplete && (stored.complete || (await isBeingFilled(stored, now)))) continue;
    chosen.push(stored);
  }
  return chosen;
}

/** Removes the answers, and folders that this empties. */
export async function removeStored({ folder }: StoredOutput): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (let above = dirname(folder), level = 0; level < 3; above = dirname(above), level++)
    if (
      !(await rmdir(above).then(
        () => true,
        () => false,
      ))
    )
      return;
}

/** Removes what killed processes left half written. Gives the paths. */
export async function removeForgotten({ folder }: StoredOutput, now: number): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter(isTemporary);
  const removed: string[] = [];
  for (const path of names.map((name) => join(folder, name))) {
    if (now - (await changed(path)) < forgotten) continue;
    await rm(path, { force: true });
    removed.push(path);
  }
  return removed;
}

async function isBeingFilled({ folder }: StoredOutput, now: number): Promise<boolean> {
  const claims = join(folder, '..', '..', 'filling');
  for (const name of await readdir(claims).catch(() => []))
    if (now - (await changed(join(claims, name))) < forgotten) return true;
  return false;
}

async function changed(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => -Infinity,
  );
}
