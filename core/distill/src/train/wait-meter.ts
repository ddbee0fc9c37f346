// How much of a training's time no step ran: while batches and the teacher's answers were prepared.
import type { Clock } from '../contracts/index.js';

export class WaitMeter {
  private waited = 0;
  private all = 0;
  private since: number;

  constructor(private readonly clock: Clock) {
    this.since = clock.now();
  }

  /** Leaves out what has passed since the last call, such as the writing of a checkpoint. */
  skip(): void {
    this.since = this.clock.now();
  }

  /** A step is done, which the engine was busy with for so many milliseconds. */
  step(busy: number): void {
    const now = this.clock.now();
    const passed = now - this.since;
    this.since = now;
    this.all += passed;
    this.waited += passed - busy;
  }

  /** Share of the time since the last call of `share` in which no step ran; undefined where no time has passed. */
  share(): number | undefined {
    const found = this.all > 0 ? Math.min(1, Math.max(0, this.waited / this.all)) : undefined;
    this.waited = 0;
    this.all = 0;
    return found;
  }
}
