// Prepares one item ahead, while the current one is in use.

interface Ahead<T> {
  /** The result; starts the work if it has not begun. */
  take(): Promise<T>;
  /** Cancels work that has not begun. */
  cancel(): void;
}

/**
 * Work that begins when the event loop is next free, or at once when it is taken. The engine lets it begin before it runs
 * a step, which blocks the thread: what is handed to other threads meanwhile (reading and decoding of images, remote
 * teachers) goes on while the step runs. A failure is thrown when the item is taken.
 */
function ahead<T>(work: () => Promise<T>): Ahead<T> {
  let begun: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    if (begun === undefined) {
      clearImmediate(handle);
      begun = work();
      begun.catch(() => undefined);
    }
    return begun;
  };
  const handle = setImmediate(() => void begin());
  return { take: begin, cancel: () => clearImmediate(handle) };
}

/** The same items, each begun while the one before it is in use. Stopping early closes the source. */
export async function* lookAhead<T>(source: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  let next = ahead(() => source.next());
  try {
    for (;;) {
      const result = await next.take();
      if (result.done) return;
      next = ahead(() => source.next());
      yield result.value;
    }
  } finally {
    next.cancel();
    await source.return();
  }
}
