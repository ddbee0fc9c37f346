// Errors that name a path of the recipe, with the place where it is written.
import { PotstillError } from '../errors/potstill-error.js';
import type { RecipeTrace } from '../recipe/plan.js';

/** The error with its records placed; whatever is no error of potstill as it is. */
export function placed(error: unknown, trace: Pick<RecipeTrace, 'place'>): unknown {
  if (!(error instanceof PotstillError)) return error;
  const [first, ...others] = error.records.map((record) => trace.place(record));
  return first ? new PotstillError([first, ...others], { cause: error.cause }) : error;
}
