// Exports the student of a finished run once more: to another form, or to another folder.
import { join, relative, resolve, sep } from 'node:path';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Exporter, ExportResult, ProgressSink } from '../contracts/index.js';
import type { ComponentPlan } from '../recipe/plan.js';
import { checkFolderNames } from './choose-folder.js';
import { checkExportNames } from './check-exports.js';
import { openData, transformed, type RunData } from './data.js';
import { readFinalWeights } from './final-weights.js';
import { RunFolder } from './folder.js';
import { latestRun, quietContainer, silent } from './latest-run.js';
import { exportsFolder } from './names.js';
import { bestRunOf } from './series/best-run.js';
import { loadWeights } from './weights.js';

export interface ExportOptions {
  /** Which exporters. Default: the recipe's. */
  readonly exporters?: readonly ComponentPlan<'exporter'>[];
  readonly runFolder?: string;
  /** Default `runs`. */
  readonly runsFolder?: string;
  /** Where to write. Default: `exports` in the run folder. */
  readonly to?: string;
  /** Is told of warnings. */
  readonly progress?: ProgressSink;
}

export interface ExportedRun {
  readonly folder: string;
  /** With absolute paths. */
  readonly exports: readonly ExportResult[];
}

/** Of a series its best run. Errors: `RUN_NO_CHECKPOINT`, `RUN_CHECKPOINT_DAMAGED`, `RUN_IN_USE`, `EXPORT_FAILED`. */
export async function exportRecipe(asked: OpenRecipe, options: ExportOptions = {}): Promise<ExportedRun> {
  const { progress } = options;
  checkFolderNames({ '--to': options.to });
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const { recipe, runFolder } = await bestRunOf(asked, { runFolder: options.runFolder, runsFolder });
  const { plan } = recipe;
  const container = await quietContainer(recipe, runsFolder, progress);
  let data: RunData | undefined;
  let own: RunFolder | undefined;
  try {
    data = await openData(plan, container);
    const run = await latestRun(recipe, data, {
      runsFolder,
      ...(runFolder === undefined ? {} : { runFolder }),
    });
    const student = await container.make(plan.student, { data: data.description });
    const { variables, path } = await readFinalWeights(run, progress ?? silent);
    loadWeights(student, variables, path);
    const folder = resolve(options.to ?? join(run.folder.path, exportsFolder));
    own = options.to === undefined ? await RunFolder.openForExport(run.folder.path) : undefined;
    const exports: ExportResult[] = [];
    const exporters: Exporter[] = [];
    for (const exporter of options.exporters ?? plan.exporters)
      exporters.push(await container.make(exporter, {}));
    checkExportNames(plan, exporters);
    const compared = data.test ?? data.validation ?? data.train;
    for (const exporter of exporters)
      exports.push(
        await exporter.export({
          student,
          data: data.description,
          sample: transformed(compared, container.services.random.child('export')),
          folder,
          recipeName: plan.name,
          recipeHash: run.summary.recipeHash,
        }),
      );
    // Exporters give paths from the container's run folder, which is the folder of all runs here.
    const absolute = exports.map((each) => ({ ...each, path: resolve(runsFolder, each.path) }));
    await own?.recordExports(
      absolute.map((each) => ({ ...each, path: relative(run.folder.path, each.path).split(sep).join('/') })),
    );
    return { folder, exports: absolute };
  } finally {
    await own?.close();
    await data?.dispose();
    await container.dispose();
  }
}
