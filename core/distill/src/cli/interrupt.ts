// Ctrl-C, SIGTERM and SIGHUP: the first asks the run to write a checkpoint and stop, the second stops at once.
import { exitCodes } from '../errors/codes.js';
import type { Output } from './output.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals this close together, in milliseconds, are one wish: a terminal and a parent such as npm or `timeout` both pass
 * it on.
 */
const sameTime = 400;

/** Milliseconds that a run has to stop by itself: it may wait for data, a teacher or a plugin that does not come back. */
const patience = 8000;

/**
 * `signal` aborts on the first of them, and when nobody reads the output any longer. A run that has not stopped after
 * `grace` milliseconds is ended; its last checkpoint is whole, since files are replaced at once. `note` tells the user.
 */
export function interruptSignal(
  { unread }: Pick<Output, 'unread'>,
  note: (text: string) => void,
  grace: number = patience,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  let first = -Infinity;
  let waiting: NodeJS.Timeout | undefined;
  const end = (): never => process.exit(exitCodes.interrupted);
  const abort = (): void => {
    // First, since work may end, and release this, while it is told.
    waiting ??= setTimeout(end, grace);
    controller.abort();
  };
  const stop = (): void => {
    const now = performance.now();
    if (now - first < sameTime) return;
    if (first >= 0) end();
    first = now;
    note('stopping after this step; interrupt again to stop at once');
    abort();
  };
  for (const name of signals) process.on(name, stop);
  unread.addEventListener('abort', abort);
  if (unread.aborted) abort();
  return {
    signal: controller.signal,
    release() {
      clearTimeout(waiting);
      for (const name of signals) process.off(name, stop);
      unread.removeEventListener('abort', abort);
    },
  };
}
