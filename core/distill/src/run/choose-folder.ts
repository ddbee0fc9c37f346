// Which folder a run writes to: a new one, or one to continue in.
import { basename, resolve } from 'node:path';
import { PotstillError } from '../errors/potstill-error.js';
import { differences } from './differences.js';
import { findNamesake, findRuns } from './find-runs.js';
import { RunFolder } from './folder.js';
import { identityOf } from './identity.js';
import type { PlannedRun } from './teachers.js';

export interface FolderChoice {
  readonly runsFolder: string;
  readonly runFolder: string | undefined;
  /** Continue in a folder of the same run. Where there is none a new one is made: `if-there` without a word about it. */
  readonly resume: boolean | 'if-there';
}

/** The folder, locked. `RUN_OTHER_RECIPE` when the one named is of another run, `RUN_IN_USE` when another process has it. */
export async function chooseFolder(choice: FolderChoice, planned: PlannedRun): Promise<RunFolder> {
  const { runsFolder, runFolder, resume } = choice;
  const identity = identityOf(planned);
  if (runFolder !== undefined)
    return resume === true
      ? RunFolder.open(runFolder, identity, planned)
      : RunFolder.createAt(runFolder, identity);
  if (resume === false) return RunFolder.create(runsFolder, identity);
  const latest = (await findRuns(runsFolder, identity, { begun: true })).at(-1);
  if (latest !== undefined) return RunFolder.open(latest, identity, planned);
  const namesake = resume === true ? await findNamesake(runsFolder, identity) : undefined;
  const folder = await RunFolder.create(runsFolder, identity);
  if (resume === true) {
    const differs = namesake
      ? ` (in ${basename(namesake.path)} ${await differences(namesake.path, namesake.identity, identity, planned)})`
      : '';
    folder.beginning.notes.push(
      `nothing to resume: ${resolve(runsFolder)} has no run of \`${identity.name}\` with this recipe and seed${differs}; starting a new run`,
    );
  }
  return folder;
}

/** `USAGE` for a folder that was given as an empty text, as an unset variable of a shell is. */
export function checkFolderNames(folders: Readonly<Record<string, string | undefined>>): void {
  for (const [option, folder] of Object.entries(folders))
    if (folder?.trim() === '')
      throw new PotstillError({
        code: 'USAGE',
        message: `${option} is empty`,
        hint: 'Name a folder, or leave the option out.',
      });
}
