// One run of a recipe, whatever else runs beside it.
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import { aborted, stopped, untilAborted } from '../train/until-aborted.js';
import { builtInPlugin } from './built-in.js';
import { executeRun } from './execute-run.js';
import type { RunOptions } from './options.js';
import { prepareRun, type PreparedRun } from './prepare-run.js';
import type { ReuseMode } from './reuse-mode.js';
import type { CompleteRun } from './run-teacher.js';
import { planTeachers, type PlannedRun } from './teachers.js';

/** Plans the recipe with the recipes of its teachers. */
export function planRun(recipe: OpenRecipe, { known }: Pick<RunOptions, 'known'>): Promise<PlannedRun> {
  return planTeachers(recipe, (file, set) =>
    openRecipe(file, { set, builtIn: [builtInPlugin], ...(known ? { known } : {}) }),
  );
}

/** Opens and checks all that the run needs; `TRAIN_INTERRUPTED` when that is aborted. */
export async function prepareOnce(planned: PlannedRun, options: RunOptions): Promise<PreparedRun> {
  const preparing = prepareRun(planned, options);
  const prepared = await untilAborted(options.signal, preparing);
  if (prepared !== aborted) return prepared;
  void preparing.then((late) => late.dispose()).catch(() => undefined);
  throw stopped('data');
}

/** Runs a recipe, or finds its run where `mode` says so. */
export async function runOnce(
  recipe: OpenRecipe,
  options: RunOptions,
  mode: ReuseMode,
): Promise<CompleteRun> {
  return executeRun(await prepareOnce(await planRun(recipe, options), options), mode);
}
