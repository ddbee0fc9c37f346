// Recipes that a recipe stands on, its teacher's and the one that its student begins from: read before anything runs,
// their hashes part of the run's own.
import { fingerprint } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { OpenRecipe } from '../container/open-recipe.js';
import type { Plan } from '../recipe/plan.js';
import { recipeHash, trainHash } from '../recipe/resolved.js';
import { weightsHash, weightsOfCheckpoint, type BeginWeights } from './begin/begin-weights.js';
import { placed } from './placed.js';

/** Whose weights the student begins with: of a run that may have to be made first, or such as are there. */
export type PlannedBegin = {
  /** Name of the recipe or the stage, or the checkpoint as the recipe writes it. */
  readonly from: string;
} & (
  | { readonly kind: 'run'; readonly run: PlannedRun }
  | { readonly kind: 'weights'; readonly weights: BeginWeights }
);

/** A recipe with the recipes of its teacher and of what its student begins from, when there are such. */
export interface PlannedRun {
  readonly recipe: OpenRecipe;
  /** Of all that decides the result. */
  readonly hash: string;
  /** Of what decides the weights. */
  readonly trainHash: string;
  readonly teacher: PlannedRun | undefined;
  /** Of what decides the weights of the teacher and of its own teacher; null when the teacher is not a recipe. */
  readonly teacherHash: string | null;
  readonly begin: PlannedBegin | undefined;
  /** Of what decides the weights that the student begins with; undefined where it begins at random. */
  readonly beginHash: string | undefined;
}

type Open = (file: string, set: readonly string[]) => Promise<OpenRecipe>;

/** Reads all recipes that are stood on, and the checkpoint that is begun from. Recipes in a circle are `RECIPE_EXTENDS`. */
export async function planTeachers(
  recipe: OpenRecipe,
  open: Open,
  above: readonly string[] = [],
): Promise<PlannedRun> {
  const { plan } = recipe;
  const chain = [...above, plan.file];
  const below = async (file: string, set: readonly string[], path: string) => {
    if (chain.includes(file)) throw circle(plan, [...chain, file], path);
    return planTeachers(await open(file, set), open, chain);
  };
  const teacher =
    plan.teacher?.kind === 'recipe'
      ? await below(plan.teacher.file, plan.teacher.set, 'teacher.recipe')
      : undefined;
  // A stage is of the same file, so that nothing is above it that is not above this one.
  if (teacher) checkKept(plan, teacher.recipe.plan);
  const begin = await planBegin(plan, below, (stage) =>
    planTeachers({ ...recipe, plan: stage }, open, above),
  );
  return {
    recipe,
    hash: recipeHash(plan),
    trainHash: trainHash(plan),
    teacher,
    teacherHash: teacher ? weightsHashOf(teacher) : null,
    begin,
    beginHash:
      begin && (begin.kind === 'run' ? weightsHashOf(begin.run) : weightsHash(begin.weights.student)),
  };
}

/** The epoch of the teacher that is asked for must be one that its recipe keeps. */
function checkKept({ teacher, trace }: Plan, { name, train }: Plan): void {
  if (teacher?.kind !== 'recipe' || teacher.epoch === undefined) return;
  const { keep = [] } = train;
  if (keep.includes(teacher.epoch)) return;
  const kept = keep.length > 0 ? `keeps epochs ${keep.join(', ')}` : 'keeps none';
  throw new PotstillError(
    trace.place({
      code: 'RECIPE_BAD_VALUE',
      message: `the teacher is to be \`${name}\` after epoch ${teacher.epoch}, and that recipe ${kept}`,
      path: 'teacher.epoch',
      hint: `add \`train: { keep: [${teacher.epoch}] }\` to it, or \`set: { train.keep: [${teacher.epoch}] }\` to \`teacher\``,
    }),
  );
}

async function planBegin(
  { begin, folder, trace }: Plan,
  below: (file: string, set: readonly string[], path: string) => Promise<PlannedRun>,
  stage: (plan: Plan) => Promise<PlannedRun>,
): Promise<PlannedBegin | undefined> {
  if (!begin) return undefined;
  if (begin.kind === 'stage') return { kind: 'run', from: begin.written, run: await stage(begin.plan) };
  if (begin.kind === 'recipe') {
    const run = await below(begin.file, begin.set, 'begin.recipe');
    return { kind: 'run', from: run.recipe.plan.name, run };
  }
  try {
    const weights = await weightsOfCheckpoint(begin.path, folder);
    return { kind: 'weights', from: begin.written, weights };
  } catch (error) {
    throw placed(error, trace);
  }
}

/** Of what decides the weights of a run, and those of its teacher and of what it begins from. */
function weightsHashOf({ trainHash: own, teacherHash, beginHash }: PlannedRun): string {
  return fingerprint(own, teacherHash, ...(beginHash === undefined ? [] : [beginHash]));
}

function circle({ trace }: Plan, files: readonly string[], path: string): PotstillError {
  const what = path === 'teacher.recipe' ? "are each other's teacher" : 'begin from each other';
  return new PotstillError(
    trace.place({
      code: 'RECIPE_EXTENDS',
      message: `recipes ${what} in a circle: ${files.join(' -> ')}`,
      path,
    }),
  );
}
