// Which option of a component an error is about.
import { PotstillError, type ErrorRecord } from './potstill-error.js';

/**
 * Does a component's work on one of its options, so that an error of ours points at that option's line of the recipe.
 * `option` is dotted: `input.scale`. Errors that have a place already keep it; what is thrown otherwise passes as it is.
 */
export async function aboutOption<T>(option: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error;
    const placed = (record: ErrorRecord): ErrorRecord =>
      record.path === undefined && record.location === undefined ? { ...record, path: `.${option}` } : record;
    const [first, ...others] = error.records;
    throw new PotstillError([placed(first), ...others.map(placed)], { cause: error.cause });
  }
}
