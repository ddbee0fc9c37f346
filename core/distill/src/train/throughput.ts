// Progress of a training on the way: throttled events with examples a second and the time left.
import type { Clock, ProgressSink } from '../contracts/index.js';

/** How often the progress of a stage is told, in milliseconds. */
const interval = 500;

/** After a step. */
export interface ProgressAt {
  /** Epochs done, without the one under way. */
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
}

/** Counts examples and tells the sink now and then. Speeds are of the last few seconds, so that a compile is soon forgotten. */
export class ProgressMeter {
  private readonly marks: { time: number; examples: number }[] = [];
  private examples = 0;
  private told = -Infinity;

  constructor(
    private readonly options: {
      readonly stage: string;
      readonly epochs: number;
      readonly steps: number;
      readonly examplesInAll: number;
      readonly examplesBefore: number;
      readonly progress: ProgressSink;
      readonly clock: Clock;
    },
  ) {
    this.marks.push({ time: options.clock.now(), examples: 0 });
  }

  /** One more batch of `size` examples is done. */
  count(size: number, at: ProgressAt): void {
    const { stage, epochs, steps, progress, clock } = this.options;
    this.examples += size;
    const now = clock.now();
    const last = at.step === steps;
    if (now - this.told < interval && !last) return;
    this.told = now;
    this.marks.push({ time: now, examples: this.examples });
    while (this.marks.length > 2 && now - (this.marks[1] as { time: number }).time > 5000) this.marks.shift();
    const first = this.marks[0] as { time: number; examples: number };
    const seconds = (now - first.time) / 1000;
    const unitsPerSecond = seconds > 0 ? (this.examples - first.examples) / seconds : 0;
    const total = this.options.examplesInAll;
    const done = this.options.examplesBefore + this.examples;
    const { loss, epoch, step } = at;
    progress.emit({
      event: 'progress',
      stage,
      done,
      total,
      unit: 'examples',
      unitsPerSecond,
      secondsLeft: unitsPerSecond > 0 ? (total - done) / unitsPerSecond : 0,
      figures: { loss },
      at: { epoch, epochs, step, steps },
    });
  }
}
