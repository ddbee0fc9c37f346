// From a recipe to a distilled student.
import type { OpenRecipe } from '../container/open-recipe.js';
import type { SeriesSummary } from '../report/series/summary.js';
import type { RunOptions } from './options.js';
import { runOnce } from './run-once.js';
import { runSeries } from './series/run-series.js';
import type { Summary } from './summary.js';

/** What a run leaves: its folder (absolute) and its figures. */
export interface RunResult {
  readonly runFolder: string;
  /** Of a series: the summary of the run whose student was kept. */
  readonly summary: Summary;
  /** Of a recipe with `seeds` or `sweep`: `runFolder` is the folder of the whole. */
  readonly series?: SeriesSummary;
}

/**
 * Runs a recipe and leaves everything in its run folder.
 *
 *     plan the recipe and, recursively, the recipes of its teachers
 *     prepare: open data, student, metrics, exporters and teacher; check them against each other
 *     folder = the folder to resume, or a new one
 *     for each stage of begin, teacher, preflight, baseline, label, student, adjust, evaluate, export, report:
 *       if the recipe asks for it:
 *         results[stage] = what the folder has of it, else stage.run(context)
 *     write summary.json
 *
 * A recipe with `seeds` or `sweep` is run so for each of its runs, in folders of their own; see `series/run-series.ts`.
 * The stage `teacher` runs the teacher's recipe in the same way, in a folder of its own, unless a complete run of it
 * exists. Errors: those of recipes, data and components before anything is trained; `PREFLIGHT_*`; `TRAIN_NOT_FINITE`;
 * `TRAIN_INTERRUPTED`; `RUN_*`; `EXPORT_FAILED`.
 */
export async function runRecipe(recipe: OpenRecipe, options: RunOptions = {}): Promise<RunResult> {
  const { resume = false } = options;
  const { series } = recipe.plan;
  if (series) return runSeries(recipe, series, options);
  const { folder, summary } = await runOnce(recipe, options, { resume, reuse: false });
  return { runFolder: folder.path, summary };
}
