// Why a plugin is not loaded, before it is known where the recipe names it.
import type { ErrorCodeName } from '../errors/codes.js';

export class NotLoaded extends Error {
  constructor(
    readonly code: ErrorCodeName,
    message: string,
    readonly hint?: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** The code that Node and the system give their errors, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
