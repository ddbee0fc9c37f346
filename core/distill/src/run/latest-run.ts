// The complete run of a recipe, found again for what comes after training.
import { resolve } from 'node:path';
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import type { RunContainer } from '../container/run-container.js';
import { PotstillError } from '../errors/potstill-error.js';
import { builtInPlugin } from './built-in.js';
import type { ProgressSink } from '../contracts/index.js';
import { checkFolderNames } from './choose-folder.js';
import { dataFingerprints, type RunData } from './data.js';
import { findComplete } from './find-runs.js';
import { RunFolder } from './folder.js';
import { identityOf } from './identity.js';
import { openContainer } from './open-container.js';
import type { CompleteRun } from './run-teacher.js';
import { planTeachers } from './teachers.js';

/** The folder asked for, else the latest complete run of the recipe on this data. `RUN_NO_CHECKPOINT` when there is none. */
export async function latestRun(
  recipe: OpenRecipe,
  data: RunData,
  where: { readonly runFolder?: string; readonly runsFolder: string },
): Promise<CompleteRun> {
  const { runFolder, runsFolder } = where;
  checkFolderNames({ '--folder': runFolder, '--runs': runsFolder });
  if (runFolder !== undefined) {
    const folder = await RunFolder.read(runFolder);
    const summary = await folder.summary();
    if (summary) return { folder, summary };
  } else {
    const planned = await planTeachers(recipe, (file, set) =>
      openRecipe(file, { set, builtIn: [builtInPlugin] }),
    );
    const found = await findComplete(runsFolder, identityOf(planned), dataFingerprints(data));
    if (found) return found;
  }
  throw new PotstillError({
    code: 'RUN_NO_CHECKPOINT',
    message:
      runFolder === undefined
        ? `there is no complete run of \`${recipe.plan.name}\` with this recipe and data in ${resolve(runsFolder)}`
        : `${runFolder} holds no complete run: there is no summary.json`,
    hint: 'Run the recipe first, or name another folder.',
  });
}

/** For commands that tell nothing on their way. */
export const silent: ProgressSink = { emit: () => undefined };

/** A recipe's container outside a run: nothing is written. */
export async function quietContainer(
  recipe: OpenRecipe,
  folder: string,
  progress: ProgressSink = silent,
): Promise<RunContainer> {
  return openContainer(recipe, {
    paths: {
      recipeFolder: recipe.plan.folder,
      runFolder: folder,
      runsFolder: folder,
      dataFolder: process.env.POTSTILL_DATA,
    },
    progress,
    overrides: {},
  });
}
