// Teachers that are recipes: read before anything runs, their hashes part of the run's own.
import { fingerprint } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { OpenRecipe } from '../container/open-recipe.js';
import { recipeHash, trainHash } from '../recipe/resolved.js';

/** A recipe with the recipe of its teacher, when that is one. */
export interface PlannedRun {
  readonly recipe: OpenRecipe;
  /** Of all that decides the result. */
  readonly hash: string;
  /** Of what decides the weights. */
  readonly trainHash: string;
  readonly teacher: PlannedRun | undefined;
  /** Of what decides the weights of the teacher and of its own teacher; null when the teacher is not a recipe. */
  readonly teacherHash: string | null;
}

/** Reads the recipes of all teachers. Recipes that teach each other are `RECIPE_EXTENDS`. */
export async function planTeachers(
  recipe: OpenRecipe,
  open: (file: string, set: readonly string[]) => Promise<OpenRecipe>,
  above: readonly string[] = [],
): Promise<PlannedRun> {
  const { plan } = recipe;
  const own = { recipe, hash: recipeHash(plan), trainHash: trainHash(plan) };
  const chain = [...above, plan.file];
  if (plan.teacher?.kind !== 'recipe') return { ...own, teacher: undefined, teacherHash: null };
  if (chain.includes(plan.teacher.file))
    throw new PotstillError(
      plan.trace.place({
        code: 'RECIPE_EXTENDS',
        message: `recipes are each other's teacher in a circle: ${[...chain, plan.teacher.file].join(' -> ')}`,
        path: 'teacher.recipe',
      }),
    );
  const teacher = await planTeachers(await open(plan.teacher.file, plan.teacher.set), open, chain);
  return { ...own, teacher, teacherHash: fingerprint(teacher.trainHash, teacher.teacherHash) };
}
