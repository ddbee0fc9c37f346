// Waiting that ends when a run is interrupted, however slow a teacher, a disk or a plugin is.
import { PotstillError } from '../errors/potstill-error.js';

/** What {@link untilAborted} gives when the signal was first. */
export const aborted = Symbol('aborted');

/** The result of `work`, or `aborted` as soon as the signal is: the work is then left to itself, its errors unheard. */
export async function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: Promise<T>,
): Promise<T | typeof aborted> {
  if (!signal) return work;
  let stop: () => void = () => undefined;
  const abort = new Promise<typeof aborted>((resolve) => {
    stop = () => resolve(aborted);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([abort, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The items up to the abortion, for which no slow item is waited. */
export async function* itemsUntilAborted<T>(
  signal: AbortSignal | undefined,
  items: AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const iterator = items[Symbol.asyncIterator]();
  let open = true;
  try {
    for (;;) {
      const next = await untilAborted(signal, iterator.next());
      open = next !== aborted && next.done !== true;
      if (next === aborted || next.done === true) return;
      yield next.value;
    }
  } finally {
    // One that is still at work would be waited for; it is left to itself.
    if (open) await iterator.return?.();
  }
}

/** Ctrl-C where a stage has nothing half done to keep. */
export function stopped(stage: string): PotstillError {
  return new PotstillError({
    code: 'TRAIN_INTERRUPTED',
    message: `${stage}: stopped before it was done`,
    hint: 'Use --resume to continue: stages that were finished are kept.',
  });
}
