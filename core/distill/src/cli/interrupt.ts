// Ctrl-C, SIGTERM and SIGHUP: the first asks the run to write a checkpoint and stop, the second stops at once.
import { exitCodes } from '../errors/codes.js';
import type { Output } from './output.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals this close together, in milliseconds, are one wish: a terminal and a parent such as npm or `timeout` both pass
 * it on.
 */
const sameTime = 400;

/** `signal` aborts on the first of them, and when nobody reads the output any longer. `note` tells the user. */
export function interruptSignal(
  { unread }: Pick<Output, 'unread'>,
  note: (text: string) => void,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  let first = -Infinity;
  const abort = (): void => controller.abort();
  const stop = (): void => {
    const now = performance.now();
    if (now - first < sameTime) return;
    if (first >= 0) process.exit(exitCodes.interrupted);
    first = now;
    note('stopping at the next step with a checkpoint; once more stops at once');
    abort();
  };
  for (const name of signals) process.on(name, stop);
  unread.addEventListener('abort', abort);
  if (unread.aborted) abort();
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, stop);
      unread.removeEventListener('abort', abort);
    },
  };
}
