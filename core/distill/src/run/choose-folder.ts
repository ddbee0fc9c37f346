// Which folder a run writes to: a new one, or one to go on in.
import { resolve } from 'node:path';
import { PotstillError } from '../errors/potstill-error.js';
import { changedTrainingData, RunFolder, type RecordedData, type RunIdentity } from './folder.js';
import type { Summary } from './summary.js';

export interface FolderChoice {
  readonly runsFolder: string;
  readonly runFolder: string | undefined;
  /** `if-there`: go on where something is, else start anew. */
  readonly resume: boolean | 'if-there';
}

/** The folder. `RUN_NO_CHECKPOINT` when there is nothing to resume, `RUN_OTHER_RECIPE` when it is of another run. */
export async function chooseFolder(choice: FolderChoice, identity: RunIdentity): Promise<RunFolder> {
  const { runsFolder, runFolder, resume } = choice;
  if (runFolder !== undefined)
    return resume === true ? RunFolder.open(runFolder, identity) : RunFolder.createAt(runFolder, identity);
  if (resume === false) return RunFolder.create(runsFolder, identity);
  const latest = (await RunFolder.find(runsFolder, identity)).at(-1);
  if (latest !== undefined) return RunFolder.open(latest, identity);
  if (resume === 'if-there') return RunFolder.create(runsFolder, identity);
  throw new PotstillError({
    code: 'RUN_NO_CHECKPOINT',
    message: `there is no run of \`${identity.name}\` with this recipe and seed in ${resolve(runsFolder)}`,
    hint: 'Run without --resume, or name the folder.',
    location: { file: resolve(runsFolder) },
  });
}

/** The latest complete run with the same training on the same data; whatever machine and number of threads made it. */
export async function findComplete(
  runsFolder: string,
  identity: RunIdentity,
  fingerprints: RecordedData['fingerprints'],
): Promise<{ readonly folder: RunFolder; readonly summary: Summary } | undefined> {
  for (const path of (await RunFolder.find(runsFolder, identity)).reverse()) {
    const folder = await RunFolder.read(path);
    const summary = await folder.summary<Summary>();
    const data = await folder.recordedData();
    if (summary && data && changedTrainingData(data, { fingerprints }).length === 0)
      return { folder, summary };
  }
  return undefined;
}
