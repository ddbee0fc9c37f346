// `potstill label`: a teacher's answers about the training data, stored for every later run.
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import type { ProgressSink } from '../../contracts/index.js';
import { builtInPlugin } from '../../run/built-in.js';
import { labelRecipe } from '../../run/label-recipe.js';
import { labelledText } from '../../run/label.js';
import { cacheFolder } from '../cache-folder.js';
import { interruptSignal } from '../interrupt.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';
import { jsonProgress } from '../show-json.js';
import { plainProgress } from '../show-plain.js';
import { taskProgress } from '../show-tasks.js';

interface LabelOptions {
  readonly set?: readonly string[];
  readonly runs: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const examples = `
Examples:
  potstill label recipe.yaml
  potstill label recipe.yaml --set teacher.cache.encoding=float16
  potstill label recipe.yaml --json | jq -c 'select(.event == "progress") | [.done, .total, .secondsLeft]'

Asks the teacher about every training example whose answer is not stored yet, and trains no student. Run it again after Ctrl-C or
a kill: at most one shard is asked for again. \`potstill run\` does the same before it trains; several processes share the work. A
teacher that is a recipe is trained first, unless there is a finished run of it.`;

export function addLabel(root: Command, output: Output): void {
  root
    .command('label')
    .description("store the teacher's answers about the training data, for all later runs of the runs folder")
    .argument('<recipe>', 'a YAML file', pathValue)
    .option('--set <path=value>', setHelp, collect)
    .option('--runs <folder>', 'the folder that holds run folders and the store', pathValue, 'runs')
    .option('--json', 'print events as JSON lines on stdout')
    .option('-q, --quiet', 'no progress, only the closing line')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: LabelOptions) => {
      const tasks =
        !options.json && !options.quiet && output.terminal
          ? taskProgress(output.note, () => Date.now())
          : undefined;
      const { signal, release } = interruptSignal(output, tasks?.say ?? output.note);
      let finished = false;
      try {
        const opened = await openRecipe(recipe, { set: options.set ?? [], builtIn: [builtInPlugin] });
        const labelled = await labelRecipe(opened, {
          runsFolder: options.runs,
          cache: cacheFolder() ?? false,
          signal,
          services: { progress: tasks ?? sink(options, output) },
        });
        finished = true;
        await tasks?.close(finished);
        output.print(
          options.json ? JSON.stringify({ event: 'labelled', ...labelled }) : labelledText(labelled),
        );
      } finally {
        if (!finished) await tasks?.close(finished);
        release();
      }
    });
}

function sink({ json, quiet }: LabelOptions, output: Output): ProgressSink {
  if (json) return jsonProgress(output.print);
  if (quiet) return { emit: () => undefined };
  return plainProgress(output.note, () => Date.now());
}
