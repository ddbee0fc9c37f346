// The errors of teachers.
import type { ErrorCodeName } from '../errors/codes.js';
import { PotstillError } from '../errors/potstill-error.js';

/** `TEACHER_INVALID`: the teacher cannot be loaded, or its inputs do not fit the data. */
export function teacherInvalid(message: string, hint?: string, cause?: unknown): PotstillError {
  return teacherError('TEACHER_INVALID', message, hint, cause);
}

/** `TEACHER_OUTPUT`: an output does not exist, or cannot be learned from. */
export function teacherOutput(message: string, hint?: string): PotstillError {
  return teacherError('TEACHER_OUTPUT', message, hint);
}

function teacherError(code: ErrorCodeName, message: string, hint?: string, cause?: unknown): PotstillError {
  return new PotstillError(
    { code, message, ...(hint === undefined ? {} : { hint }) },
    cause === undefined ? undefined : { cause },
  );
}

/** The first line of a library's message: the others describe its internals. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0]?.slice(0, 400) ?? message;
}
