// Any thrown value as error records.
import { EngineError } from '@potstill/engine';
import { exitCodeOf } from './codes.js';
import { PotstillError, type ErrorRecord, type SourceLocation } from './potstill-error.js';

/** `file:line:column` of an engine error; file paths may hold colons. */
function parseLocation(text: string): SourceLocation {
  const match = /^(.*?):(\d+):(\d+)$/.exec(text);
  return match
    ? { file: match[1] ?? text, line: Number(match[2]), column: Number(match[3]) }
    : { file: text };
}

/** What a thrown value says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The records of a thrown value: its own when it is one of ours, else one `INTERNAL`. */
export function recordsOf(error: unknown): readonly [ErrorRecord, ...ErrorRecord[]] {
  if (error instanceof PotstillError) return error.records;
  if (error instanceof EngineError) {
    return [
      {
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...(error.location === undefined ? {} : { location: parseLocation(error.location) }),
      },
    ];
  }
  return [{ code: 'INTERNAL', message: messageOf(error) }];
}

/** The process exit code for a thrown value: that of its first record. */
export function exitCodeOfError(error: unknown): number {
  return exitCodeOf(recordsOf(error)[0].code);
}
