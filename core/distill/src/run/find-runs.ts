// Run folders of a recipe, found by their names and what is in them.
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { differingKeys } from './differences.js';
import { changedTrainingData, folderName, RunFolder } from './folder.js';
import { readRunFile, type RecordedData, type RunIdentity } from './run-files.js';
import type { Summary } from './summary.js';

/**
 * Folders below `runsFolder` whose run has that identity, whatever its threads; the newest name last. `begun` also gives
 * those that were only just made: the name is right and there is no run.json.
 */
export async function findRuns(
  runsFolder: string,
  whole: RunIdentity,
  { begun = false }: { readonly begun?: boolean } = {},
): Promise<string[]> {
  const found: { path: string; number: number }[] = [];
  const { threads: _, ...identity } = whole;
  const bases = [folderName(whole), folderName({ ...whole, trainHash: undefined })];
  for (const name of await namesIn(runsFolder)) {
    const base = bases.find((each) => name.startsWith(each));
    if (base === undefined) continue;
    const rest = name.slice(base.length);
    const number = rest === '' ? 1 : Number(/^-(\d+)$/.exec(rest)?.[1] ?? NaN);
    if (Number.isNaN(number)) continue;
    const path = join(resolve(runsFolder), name);
    const theirs = await readRunFile(path, 'identity');
    if (theirs ? differingKeys(theirs.value, identity).length === 0 : begun) found.push({ path, number });
  }
  return found.sort((a, b) => a.number - b.number).map(({ path }) => path);
}

/** A run of that name with another recipe or seed, to say what differs; the latest name. */
export async function findNamesake(
  runsFolder: string,
  { name }: RunIdentity,
): Promise<{ readonly path: string; readonly identity: RunIdentity } | undefined> {
  for (const folder of (await namesIn(runsFolder)).sort().reverse()) {
    if (!folder.startsWith(`${name}-`)) continue;
    const path = join(resolve(runsFolder), folder);
    const found = await readRunFile(path, 'identity').catch(() => undefined);
    if (found?.value.name === name) return { path, identity: found.value };
  }
  return undefined;
}

/** A complete run, and the data that it recorded. */
export interface FoundRun {
  readonly folder: RunFolder;
  readonly summary: Summary;
  readonly data: RecordedData;
}

/** The latest complete run with the same training on the same data; whatever machine and number of threads made it; of those that `accepts` takes. */
export async function findComplete(
  runsFolder: string,
  identity: RunIdentity,
  fingerprints: RecordedData['fingerprints'],
  accepts: (run: FoundRun) => boolean = () => true,
): Promise<FoundRun | undefined> {
  for (const path of (await findRuns(runsFolder, identity)).reverse()) {
    const folder = await RunFolder.read(path);
    const summary = await folder.summary();
    const data = await folder.recordedData();
    if (!summary || !data || changedTrainingData(data, { fingerprints }).length > 0) continue;
    const run = { folder, summary, data };
    if (accepts(run)) return run;
  }
  return undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
