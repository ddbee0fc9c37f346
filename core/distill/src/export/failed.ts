// The error of an export that did not work.
import { PotstillError } from '../errors/potstill-error.js';

export function exportFailed(
  exporter: string,
  problem: string,
  hint?: string,
  cause?: unknown,
): PotstillError {
  return new PotstillError(
    {
      code: 'EXPORT_FAILED',
      message: `export \`${exporter}\`: ${problem}`,
      ...(hint === undefined ? {} : { hint }),
    },
    cause === undefined ? undefined : { cause },
  );
}

/** What another's error says, in one line. */
export function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? '';
}
