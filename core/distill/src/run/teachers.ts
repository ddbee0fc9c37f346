// Teachers that are recipes: read before anything runs, their hashes part of the run's own.
import { fingerprint } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { Plan } from '../recipe/plan.js';
import { recipeHash } from '../recipe/resolved.js';

/** A plan with the plan of its teacher, when that is a recipe. */
export interface PlannedRun {
  readonly plan: Plan;
  readonly hash: string;
  readonly teacher: PlannedRun | undefined;
  /** Of the teacher's recipe and its own teacher's; null when the teacher is no recipe. */
  readonly teacherHash: string | null;
}

/** Reads the recipes of all teachers. Recipes that teach each other are `RECIPE_EXTENDS`. */
export async function planTeachers(
  plan: Plan,
  load: (file: string, set: readonly string[]) => Promise<Plan>,
  above: readonly string[] = [],
): Promise<PlannedRun> {
  const hash = recipeHash(plan);
  const chain = [...above, plan.file];
  if (plan.teacher?.kind !== 'recipe') return { plan, hash, teacher: undefined, teacherHash: null };
  if (chain.includes(plan.teacher.file))
    throw new PotstillError(
      plan.trace.place({
        code: 'RECIPE_EXTENDS',
        message: `recipes are each other's teacher in a circle: ${[...chain, plan.teacher.file].join(' -> ')}`,
        path: 'teacher.recipe',
      }),
    );
  const teacher = await planTeachers(await load(plan.teacher.file, plan.teacher.set), load, chain);
  return { plan, hash, teacher, teacherHash: fingerprint(teacher.hash, teacher.teacherHash) };
}
