// `potstill check`: every mistake of a recipe, without running anything.
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import { resolvedSeries } from '../../recipe/resolved.js';
import { builtInPlugin } from '../../run/built-in.js';
import { checkRecipe, type CheckedPart } from '../../run/check-recipe.js';
import { seriesYaml } from '../../run/recipe-yaml.js';
import { warningText } from '../event-text.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly runs: string;
  readonly deep?: boolean;
  readonly json?: boolean;
  readonly resolved?: boolean;
}

const examples = `
Examples:
  potstill check recipe.yaml                       the recipe, its plugins, options and model files
  potstill check recipe.yaml --deep                data, teacher, student, losses and exports too, and preflight
  potstill check recipe.yaml --set losses.1.temperature=8 --resolved`;

export function addCheck(root: Command, output: Output): void {
  root
    .command('check')
    .description(
      'find all mistakes in a recipe, its plugins, options and teacher recipes; nothing is trained or written',
    )
    .argument('<recipe>', 'a YAML file', pathValue)
    .option('--set <path=value>', setHelp, collect)
    .option(
      '--deep',
      'also open data, teacher and student, create losses, metrics and exporters, and run preflight',
    )
    .option('--runs <folder>', 'with --deep: the folder to look for trained teachers in', pathValue, 'runs')
    .option('--resolved', 'print the recipe with `extends`, overrides and defaults filled in')
    .option('--json', 'print the result or the errors as JSON')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: CheckOptions) => {
      const { deep = false } = options;
      const opened = await openRecipe(recipe, { set: options.set ?? [], builtIn: [builtInPlugin] });
      const parts = await checkRecipe(opened, {
        deep,
        runsFolder: options.runs,
        services: {
          progress: {
            emit(event) {
              if (event.event === 'warning' && !options.json) output.note(warningText(event));
            },
          },
        },
      });
      const { plan } = opened;
      if (options.json)
        output.print(
          JSON.stringify({
            event: 'checked',
            recipe: plan.file,
            name: plan.name,
            ...(options.resolved ? { resolved: resolvedSeries(plan) } : {}),
            ...(deep ? { preflight: parts } : {}),
          }),
        );
      else if (options.resolved) output.print(seriesYaml(plan).trimEnd());
      else output.print([...parts.flatMap(linesOf), `${recipe}: no mistakes found`].join('\n'));
    });
}

function linesOf({ recipe, findings, untrained }: CheckedPart): string[] {
  const lines = findings.map(({ level, code, message, hint }) =>
    level === 'warning'
      ? warningText({ event: 'warning', code, message, ...(hint === undefined ? {} : { hint }) })
      : `ok: ${message}`,
  );
  if (untrained !== undefined)
    lines.push(`not checked: what depends on the answers of ${untrained}, which is not trained yet`);
  return lines.length > 0 ? [`${recipe}`, ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)] : [];
}
