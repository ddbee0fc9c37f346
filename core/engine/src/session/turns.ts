// One thing at a time: buffers that a run writes must not be read by another.

/** Runs asynchronous bodies one after another, in the order of the calls. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.last.then(body);
    // A failed turn is its caller's to handle; the next one starts all the same.
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
