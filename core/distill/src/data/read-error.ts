// Errors of reading and transforming, prefixed with the data set and the example.
import { PotstillError } from '../errors/potstill-error.js';

/**
 * Prefixes the message with `where`. A PotstillError keeps its code and records, another error becomes a PotstillError
 * of `code` with the error as its cause, and internal errors are returned unchanged.
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
