// `potstill check`: every mistake of a recipe, without running anything.
import type { Command } from 'commander';
import { openRecipe } from '../../container/open-recipe.js';
import { recipeYaml } from '../../run/recipe-yaml.js';
import { builtInPlugin } from '../../run/built-in.js';
import { planTeachers } from '../../run/teachers.js';
import { resolvedRecipe } from '../../recipe/resolved.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly json?: boolean;
  readonly resolved?: boolean;
}

export function addCheck(root: Command, output: Output): void {
  root
    .command('check')
    .description(
      'check a recipe, its plugins, all options and the recipes of its teachers, without running anything',
    )
    .argument('<recipe>', 'a YAML file', pathValue)
    .option('--set <path=value>', setHelp, collect)
    .option('--resolved', 'print the recipe with `extends`, overrides and defaults filled in')
    .option('--json', 'print the result or the errors as JSON')
    .addHelpText('after', '\nExample:\n  potstill check recipe.yaml --set losses.1.temperature=8 --resolved')
    .action(async (recipe: string, options: CheckOptions) => {
      const open = (file: string, set: readonly string[]) =>
        openRecipe(file, { set, builtIn: [builtInPlugin] });
      const opened = await open(recipe, options.set ?? []);
      // Recipes that are teachers are run with it, so they are checked with it.
      await planTeachers(opened, open);
      const { plan } = opened;
      if (options.json)
        output.print(
          JSON.stringify({
            event: 'checked',
            recipe: plan.file,
            name: plan.name,
            ...(options.resolved ? { resolved: resolvedRecipe(plan) } : {}),
          }),
        );
      else if (options.resolved) output.print(recipeYaml(plan).trimEnd());
      else output.print(`${recipe}: no mistakes found`);
    });
}
