// From a recipe to a distilled student.
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import { builtInPlugin } from './built-in.js';
import { executeRun } from './execute-run.js';
import type { RunOptions } from './options.js';
import { prepareRun } from './prepare-run.js';
import { aborted, stopped, untilAborted } from '../train/until-aborted.js';
import type { Summary } from './summary.js';
import { planTeachers } from './teachers.js';

/** What a run leaves: its folder (absolute) and its figures. */
export interface RunResult {
  readonly runFolder: string;
  readonly summary: Summary;
}

/**
 * Runs a recipe and leaves everything in its run folder.
 *
 *     plan the recipe and, recursively, the recipes of its teachers
 *     prepare: open data, student, metrics, exporters and teacher; check them against each other
 *     folder = the folder to resume, or a new one
 *     for each stage of teacher, preflight, baseline, label, student, adjust, evaluate, export, report:
 *       if the recipe asks for it:
 *         results[stage] = what the folder has of it, else stage.run(context)
 *     write summary.json
 *
 * The stage `teacher` runs the teacher's recipe in the same way, in a folder of its own, unless a complete run of it
 * exists. Errors: those of recipes, data and components before anything is trained; `PREFLIGHT_*`; `TRAIN_NOT_FINITE`;
 * `TRAIN_INTERRUPTED`; `RUN_*`; `EXPORT_FAILED`.
 */
export async function runRecipe(recipe: OpenRecipe, options: RunOptions = {}): Promise<RunResult> {
  const { known, resume = false } = options;
  const planned = await planTeachers(recipe, (file, set) =>
    openRecipe(file, { set, builtIn: [builtInPlugin], ...(known ? { known } : {}) }),
  );
  const preparing = prepareRun(planned, options);
  const prepared = await untilAborted(options.signal, preparing);
  if (prepared === aborted) {
    void preparing.then((late) => late.dispose()).catch(() => undefined);
    throw stopped('data');
  }
  const { folder, summary } = await executeRun(prepared, { resume, reuse: false });
  return { runFolder: folder.path, summary };
}
