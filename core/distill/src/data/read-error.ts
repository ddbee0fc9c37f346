// Errors of reading and transforming, with the data set and the example in front.
import { PotstillError } from '../errors/potstill-error.js';

/**
 * The error with `where` in front: a PotstillError keeps its code and records, another becomes one of `code` with the
 * error as its cause, and internal bugs pass as they are.
 */
export function located(error: unknown, code: 'DATA_DAMAGED' | 'PLUGIN_FAILED', where: string): unknown {
  if (error instanceof PotstillError) {
    const [first, ...rest] = error.records;
    return new PotstillError([{ ...first, message: `${where}: ${first.message}` }, ...rest], {
      cause: error,
    });
  }
  if (error instanceof Error && error.message.startsWith('internal:')) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PotstillError({ code, message: `${where}: ${message}` }, { cause: error });
}
