// `potstill run`: teacher, baseline, distilled student, comparison, exports, report.
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import type { ProgressSink } from '../../contracts/index.js';
import { builtInPlugin } from '../../run/built-in.js';
import { reportFile } from '../../run/names.js';
import { runRecipe, type RunResult } from '../../run/run-recipe.js';
import { cacheFolder } from '../cache-folder.js';
import { interruptSignal } from '../interrupt.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';
import { jsonProgress } from '../show-json.js';
import { plainProgress } from '../show-plain.js';
import { taskProgress } from '../show-tasks.js';
import { seriesTable } from '../series-table.js';
import { summaryTable } from '../summary-table.js';

interface CommandOptions {
  readonly set?: readonly string[];
  readonly runs: string;
  readonly folder?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly cache: boolean;
}

const examples = `
Examples:
  potstill run recipe.yaml
  potstill run recipe.yaml --set train.epochs=2 --set losses.0.temperature=8
  potstill run recipe.yaml --resume                  continue after a kill or Ctrl-C, to the same result
  potstill run recipe.yaml --json | jq -c 'select(.event == "epoch")'

The run folder holds recipe.yaml (all defaults filled in), events.jsonl, metrics, checkpoints, exports/, summary.json and
report.html. A teacher that is a recipe is trained first, unless there is a finished run of it. A recipe with "seeds" or
"sweep" is many runs, each in its own folder; those that are done are not done again, and a folder of the whole holds
series.json, report.html and the best student. Compiled steps are cached in the
user's cache folder, or in the folder that POTSTILL_CACHE names (empty: not cached).`;

export function addRun(root: Command, output: Output): void {
  root
    .command('run')
    .description('run a recipe and write a run folder with the student and a report')
    .argument('<recipe>', 'a YAML file', pathValue)
    .option('--set <path=value>', setHelp, collect)
    .option('--runs <folder>', 'the folder that holds run folders', pathValue, 'runs')
    .option(
      '--folder <folder>',
      "this run's own folder (default: <name>-<hash> in the runs folder)",
      pathValue,
    )
    .option('--resume', 'continue the latest run of the same recipe and seed')
    .option('--no-cache', 'do not read or write the cache of compiled steps')
    .option('--json', 'print events as JSON lines on stdout')
    .option('-q, --quiet', 'no progress, only the final table')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: CommandOptions) => {
      const tasks =
        !options.json && !options.quiet && output.terminal
          ? taskProgress(output.note, () => Date.now())
          : undefined;
      const { signal, release } = interruptSignal(output, tasks?.say ?? output.note);
      let finished = false;
      try {
        const opened = await openRecipe(recipe, { set: options.set ?? [], builtIn: [builtInPlugin] });
        const result = await runRecipe(opened, {
          runsFolder: options.runs,
          ...(options.folder === undefined ? {} : { runFolder: options.folder }),
          resume: options.resume ?? false,
          cache: options.cache && (cacheFolder() ?? withoutCache(options, output)),
          signal,
          services: { progress: tasks ?? sink(options, output) },
        });
        finished = true;
        await tasks?.close(finished);
        if (!options.json) output.print(closing(result));
      } finally {
        if (!finished) await tasks?.close(finished);
        release();
      }
    });
}

function withoutCache({ json, quiet }: CommandOptions, output: Output): false {
  if (json || quiet) return false;
  output.note(
    'there is no home folder, so compiled steps are not cached; set POTSTILL_CACHE to a folder to cache them',
  );
  return false;
}

function sink(options: CommandOptions, output: Output): ProgressSink {
  if (options.json) return jsonProgress(output.print);
  if (options.quiet) return { emit: () => undefined };
  return plainProgress(output.note, () => Date.now());
}

function closing({ runFolder, summary, series }: RunResult): string {
  const shown = (path: string) => relative(process.cwd(), path) || '.';
  const lines = [
    [series ? 'folder of the series' : 'run folder', shown(runFolder)],
    ['report', shown(join(runFolder, reportFile))],
    ...summary.exports.map(({ kind, path }) => [kind, shown(join(runFolder, path))]),
  ];
  const width = Math.max(...lines.map(([name]) => name?.length ?? 0));
  return [
    '',
    series ? seriesTable(series) : summaryTable(summary),
    '',
    ...lines.map(([name = '', path = '']) => `${name.padEnd(width)}  ${path}`),
  ].join('\n');
}
