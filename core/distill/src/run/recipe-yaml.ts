// The resolved recipe as text.
import { stringify } from 'yaml';
import type { Plan } from '../recipe/plan.js';
import { resolvedRecipe, resolvedSeries } from '../recipe/resolved.js';

/** As `recipe.yaml` of a run folder holds it. */
export function recipeYaml(plan: Plan): string {
  return stringify(resolvedRecipe(plan));
}

/** As `recipe.yaml` of a series' folder holds it: with `seeds` and `sweep`. */
export function seriesYaml(plan: Plan): string {
  return stringify(resolvedSeries(plan));
}
