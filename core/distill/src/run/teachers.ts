// Teachers that are recipes: read before anything runs, their hashes part of the run's own.
import { fingerprint } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { OpenRecipe } from '../container/open-recipe.js';
import { recipeHash } from '../recipe/resolved.js';

/** A recipe with the recipe of its teacher, when that is one. */
export interface PlannedRun {
  readonly recipe: OpenRecipe;
  readonly hash: string;
  readonly teacher: PlannedRun | undefined;
  /** Of the teacher's recipe and its own teacher's; null when the teacher is no recipe. */
  readonly teacherHash: string | null;
}

/** Reads the recipes of all teachers. Recipes that teach each other are `RECIPE_EXTENDS`. */
export async function planTeachers(
  recipe: OpenRecipe,
  open: (file: string, set: readonly string[]) => Promise<OpenRecipe>,
  above: readonly string[] = [],
): Promise<PlannedRun> {
  const { plan } = recipe;
  const hash = recipeHash(plan);
  const chain = [...above, plan.file];
  if (plan.teacher?.kind !== 'recipe') return { recipe, hash, teacher: undefined, teacherHash: null };
  if (chain.includes(plan.teacher.file))
    throw new PotstillError(
      plan.trace.place({
        code: 'RECIPE_EXTENDS',
        message: `recipes are each other's teacher in a circle: ${[...chain, plan.teacher.file].join(' -> ')}`,
        path: 'teacher.recipe',
      }),
    );
  const teacher = await planTeachers(await open(plan.teacher.file, plan.teacher.set), open, chain);
  return { recipe, hash, teacher, teacherHash: fingerprint(teacher.hash, teacher.teacherHash) };
}
