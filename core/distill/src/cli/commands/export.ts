// `potstill export`: the student of a finished run in another form.
import { relative } from 'node:path';
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import { builtInPlugin } from '../../run/built-in.js';
import { exportRecipe } from '../../run/export-recipe.js';
import { warningText } from '../event-text.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CommandOptions {
  readonly set?: readonly string[];
  readonly runs: string;
  readonly folder?: string;
  readonly to?: string;
  readonly as?: readonly string[];
  readonly json?: boolean;
}

const examples = `
Examples:
  potstill export recipe.yaml --as tfjs
  potstill export recipe.yaml --as onnx --to build/model`;

export function addExport(root: Command, output: Output): void {
  root
    .command('export')
    .description('export the student of a finished run')
    .argument('<recipe>', 'the recipe that was run', pathValue)
    .option(
      '--as <exporter>',
      "an exporter, such as onnx or tfjs; may be repeated (default: the recipe's)",
      collect,
    )
    .option('--to <folder>', 'where to write (default: exports/ in the run folder)', pathValue)
    .option('--set <path=value>', setHelp, collect)
    .option('--runs <folder>', 'the folder that holds run folders', pathValue, 'runs')
    .option('--folder <folder>', 'the run folder', pathValue)
    .option('--json', 'print as JSON')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: CommandOptions) => {
      const open = (set: readonly string[]) => openRecipe(recipe, { set, builtIn: [builtInPlugin] });
      const opened = await open(options.set ?? []);
      // Read once more with the exporters asked for: they are no part of what names the finished run.
      const asked =
        options.as === undefined
          ? opened
          : await open([...(options.set ?? []), `export=[${options.as.join(', ')}]`]);
      const { folder, exports } = await exportRecipe(opened, {
        exporters: asked.plan.exporters,
        runsFolder: options.runs,
        progress: { emit: (event) => event.event === 'warning' && output.note(warningText(event)) },
        ...(options.to === undefined ? {} : { to: options.to }),
        ...(options.folder === undefined ? {} : { runFolder: options.folder }),
      });
      if (options.json) return output.print(JSON.stringify({ event: 'exported', folder, exports }));
      for (const { kind, path, bytes, maxDifference } of exports) {
        const file = relative(process.cwd(), path);
        const checked =
          maxDifference === null
            ? ''
            : `, differs from the student by at most ${maxDifference.toExponential(1)}`;
        output.print(`${kind}  ${file}  ${bytes.toLocaleString('en')} bytes${checked}`);
      }
    });
}
