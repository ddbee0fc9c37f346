// The recipe and the folder of the best run of a series, for what comes after training.
import { join, resolve } from 'node:path';
import type { OpenRecipe } from '../../container/open-recipe.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { seriesFolderName, seriesHash } from './series-folder.js';
import { readSeries } from './series-file.js';

/** Which run a command is about: of a series, the plan of its best run. */
export interface RunChoice {
  readonly recipe: OpenRecipe;
  /** Undefined: the latest complete run of the recipe. */
  readonly runFolder: string | undefined;
}

/**
 * Of a recipe with `seeds` or `sweep` the best run, as its finished series has it; any other recipe as it is. A run folder that
 * is named is taken at its word. `RUN_NO_CHECKPOINT` where the series has not been run, `RUN_OTHER_RECIPE` for another series.
 */
export async function bestRunOf(
  recipe: OpenRecipe,
  { runFolder, runsFolder }: { readonly runFolder?: string | undefined; readonly runsFolder: string },
): Promise<RunChoice> {
  const { series, name } = recipe.plan;
  if (!series) return { recipe, runFolder };
  const hash = seriesHash(series);
  const folder = resolve(runFolder ?? join(runsFolder, seriesFolderName(name, hash)));
  const found = await readSeries(folder);
  if (!found) {
    if (runFolder !== undefined) return { recipe, runFolder };
    throw new PotstillError({
      code: 'RUN_NO_CHECKPOINT',
      message: `the recipe \`${name}\` is many runs (\`seeds\`, \`sweep\`), and there is no finished series of it in ${resolve(runsFolder)}`,
      hint: 'Run the recipe first, or name one of its run folders with --folder.',
    });
  }
  const { best, hash: theirs } = found.value;
  const run = series.points[best.point]?.runs.find(({ seed }) => seed === best.seed);
  if (theirs !== hash || !run)
    throw new PotstillError({
      code: 'RUN_OTHER_RECIPE',
      message: `${folder} is of another series: its recipe, seeds or sweep differ from those of ${recipe.plan.file}`,
      hint: 'Name the recipe that the series was run with, with the same --set.',
      location: { file: folder },
    });
  return { recipe: { ...recipe, plan: run.plan }, runFolder: join(folder, best.folder) };
}
