// `potstill check`: every mistake of a recipe, without running anything.
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import { recipeYaml } from '../../run/finish.js';
import { builtInPlugin } from '../../run/built-in.js';
import { collect, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CheckOptions {
  readonly set: readonly string[];
  readonly json?: boolean;
  readonly resolved?: boolean;
}

export function addCheck(root: Command, output: Output): void {
  root
    .command('check')
    .description('check a recipe wholly, plugins and their options included, without running it')
    .argument('<recipe>', 'a YAML file')
    .option('--set <path=value>', setHelp, collect, [])
    .option('--resolved', 'print the recipe with `extends`, overrides and defaults filled in')
    .option('--json', 'print the result or the errors as JSON')
    .addHelpText('after', '\nExample:\n  potstill check recipe.yaml --set losses.1.temperature=8 --resolved')
    .action(async (recipe: string, options: CheckOptions) => {
      const { plan } = await openRecipe(recipe, { set: options.set, builtIn: [builtInPlugin] });
      if (options.json)
        output.print(JSON.stringify({ event: 'checked', recipe: plan.file, name: plan.name }));
      else if (options.resolved) output.print(recipeYaml({ plan }).trimEnd());
      else output.note(`${recipe}: no mistakes found`);
    });
}
