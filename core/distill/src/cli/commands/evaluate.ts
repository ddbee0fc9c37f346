// `potstill evaluate`: a finished student, the teacher, or an ONNX file, on the recipe's data.
import { Option, type Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import { builtInPlugin } from '../../run/built-in.js';
import { evaluateRecipe, type EvaluateOptions } from '../../run/evaluate-recipe.js';
import { warningText } from '../event-text.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CommandOptions {
  readonly set?: readonly string[];
  readonly runs: string;
  readonly folder?: string;
  readonly model?: string;
  readonly teacher?: boolean;
  readonly data: NonNullable<EvaluateOptions['role']>;
  readonly json?: boolean;
}

const examples = `
Examples:
  potstill evaluate recipe.yaml                           the student of the latest complete run; of seeds or a sweep, of the best
  potstill evaluate recipe.yaml --teacher                 the recipe's teacher, without training anything
  potstill evaluate recipe.yaml --model student.onnx      an exported file, on any machine
  potstill evaluate recipe.yaml --model other.onnx --set 'teacher={use: onnx, model: other.onnx, labels: [cat, dog]}'
                                                          any ONNX file, opened with the options of the recipe's teacher
  potstill evaluate recipe.yaml --data validation --json`;

export function addEvaluate(root: Command, output: Output): void {
  root
    .command('evaluate')
    .description("measure a finished student, the teacher, or an ONNX file, on a recipe's data")
    .argument('<recipe>', 'the recipe with the data and the metrics', pathValue)
    .option(
      '--model <file>',
      'an ONNX file; one that potstill did not export gets the options of the teacher `onnx`',
      pathValue,
    )
    .addOption(new Option('--teacher', "the recipe's teacher").conflicts(['model', 'folder']))
    .option('--set <path=value>', setHelp, collect)
    .option('--runs <folder>', 'the folder that holds run folders', pathValue, 'runs')
    .option('--folder <folder>', 'the run folder', pathValue)
    .addOption(
      new Option('--data <role>', 'which data').choices(['train', 'validation', 'test']).default('test'),
    )
    .option('--json', 'print as JSON')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: CommandOptions) => {
      const opened = await openRecipe(recipe, { set: options.set ?? [], builtIn: [builtInPlugin] });
      const result = await evaluateRecipe(opened, {
        runsFolder: options.runs,
        progress: { emit: (event) => event.event === 'warning' && output.note(warningText(event)) },
        role: options.data,
        ...(options.teacher === undefined ? {} : { teacher: options.teacher }),
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.folder === undefined ? {} : { runFolder: options.folder }),
      });
      if (options.json) return output.print(JSON.stringify({ event: 'evaluated', ...result }));
      const rows = Object.entries(result.figures).map(([name, value]) => row(name, value));
      const width = Math.max(0, ...rows.map(([name]) => name.length));
      output.print(
        [
          `${result.model} on ${result.examples.toLocaleString('en')} ${result.role} examples`,
          ...result.remarks.map((remark) => `  ${remark}`),
          ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
        ].join('\n'),
      );
    });
}

function row(name: string, value: number): readonly [string, string] {
  return [name, Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(5)];
}
