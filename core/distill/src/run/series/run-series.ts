// A recipe with `seeds` or `sweep`: all its runs, what they show together, and the best student.
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OpenRecipe } from '../../container/open-recipe.js';
import { writeJson } from '../../files/json.js';
import { makeFolder, writeAtomically, writeFailed } from '../../files/write-atomically.js';
import type { SeriesPlan } from '../../recipe/plan.js';
import { writeSeriesReport } from '../../report/series/write-series-report.js';
import { checkFolderNames } from '../choose-folder.js';
import { lockRun } from '../lock.js';
import { exportsFolder, finalWeights, reportFile, resolvedRecipeFile, seriesFile } from '../names.js';
import type { RunOptions } from '../options.js';
import { seriesYaml } from '../recipe-yaml.js';
import type { RunResult } from '../run-recipe.js';
import type { CompleteRun } from '../run-teacher.js';
import { checkPoints, runMembers, runsIn } from './run-members.js';
import { seriesFolderName, seriesHash } from './series-folder.js';
import { summarizeSeries } from './summarize-series.js';

/**
 * Runs a series and leaves what it shows in a folder of its own, `<name>-series-<hash>`:
 *
 *     open each point of a sweep and close it again
 *     for each rung: the same with shorter runs, and only the best points go on
 *     for each point, for each seed:
 *       take the complete run of that recipe on these data, else run it in its own folder below `runsFolder`
 *     series.json, report.html, and the best run's student
 *
 * The runs are what counts: the folder of the series is written anew from them whenever the series is run. Errors are
 * those of `runRecipe`.
 */
export async function runSeries(
  recipe: OpenRecipe,
  series: SeriesPlan,
  options: RunOptions,
): Promise<RunResult> {
  const { plan } = recipe;
  checkFolderNames({ '--folder': options.runFolder, '--runs': options.runsFolder });
  const hash = seriesHash(series);
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const folder = resolve(options.runFolder ?? join(runsFolder, seriesFolderName(plan.name, hash)));
  await checkPoints(recipe, series, options);
  await makeFolder(folder);
  const lock = await lockRun(folder);
  try {
    const progress = options.services?.progress ?? { emit: () => undefined };
    progress.emit({ event: 'run', runFolder: folder, resumed: options.resume === true, notes: [] });
    const total = runsIn(series);
    const begun = Date.now();
    const members = await runMembers(recipe, series, { ...options, runsFolder }, (_, done) => {
      const unitsPerSecond = (1000 * done) / Math.max(1, Date.now() - begun);
      const secondsLeft = (total - done) / unitsPerSecond;
      progress.emit({
        event: 'progress',
        stage: 'runs',
        done,
        total,
        unit: 'runs',
        unitsPerSecond,
        secondsLeft,
        figures: {},
      });
    });
    const { summary, kept } = summarizeSeries({ name: plan.name, hash, series, folder, ...members });
    const yaml = seriesYaml(plan);
    await writeAtomically(join(folder, resolvedRecipeFile), yaml);
    await keepStudent(kept, folder);
    const file = join(folder, reportFile);
    const { description } = plan;
    await writeSeriesReport({ file, description, summary, recipe: yaml, finishedAt: Date.now() });
    await writeJson(join(folder, seriesFile), summary);
    progress.emit({ event: 'done', runFolder: folder, summary: kept.summary, series: summary });
    return { runFolder: folder, summary: kept.summary, series: summary };
  } finally {
    await lock.release();
  }
}

/** Copies the weights and exports of a run, which stay where they are too. */
async function keepStudent({ folder: from, summary }: CompleteRun, folder: string): Promise<void> {
  const names = [finalWeights, ...(summary.exports.length > 0 ? [exportsFolder] : [])];
  for (const name of names)
    try {
      await cp(from.file(name), join(folder, name), { recursive: true, force: true });
    } catch (cause) {
      throw writeFailed(join(folder, name), cause);
    }
}
