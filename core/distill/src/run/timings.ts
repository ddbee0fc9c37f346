// How long a run takes, summed over all processes that worked on it.
import type { Clock } from '../contracts/index.js';
import { writeJson } from '../files/json.js';
import { readRunFile, runFiles, type RecordedTimings } from './run-files.js';
import { join } from 'node:path';

export class Timings {
  private readonly stages: Map<string, number>;
  private running: { readonly stage: string; readonly start: number } | undefined;

  private constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    /** Of this process, in milliseconds since 1970. */
    private readonly begun: number,
    private readonly before: RecordedTimings,
  ) {
    this.stages = new Map(Object.entries(before.stages));
  }

  /** Continues what earlier processes have recorded in that folder. */
  static async open(folder: string, clock: Clock, begun: number): Promise<Timings> {
    const before = await readRunFile(folder, 'timings');
    return new Timings(folder, clock, begun, before?.value ?? { seconds: 0, stages: {} });
  }

  /** Times a stage, also one that fails. */
  async time<T>(stage: string, body: () => Promise<T>): Promise<T> {
    this.running = { stage, start: this.clock.now() };
    try {
      return await body();
    } finally {
      this.stages.set(stage, this.secondsOf(stage));
      this.running = undefined;
      await this.save();
    }
  }

  /** Records the times so far, so that a kill loses little of them. */
  async save(): Promise<void> {
    const recorded: RecordedTimings = { seconds: this.seconds, stages: Object.fromEntries(this.list) };
    await writeJson(join(this.folder, runFiles.timings.name), recorded);
  }

  /** Of the whole run so far. */
  get seconds(): number {
    return this.before.seconds + Math.max(0, this.clock.now() - this.begun) / 1000;
  }

  /** Stages in their order, the one under way with what it has taken so far. */
  get all(): readonly { readonly stage: string; readonly seconds: number }[] {
    return this.list.map(([stage, seconds]) => ({ stage, seconds }));
  }

  private get list(): [string, number][] {
    const names = new Set([...this.stages.keys(), ...(this.running ? [this.running.stage] : [])]);
    return [...names].map((stage) => [stage, this.secondsOf(stage)]);
  }

  private secondsOf(stage: string): number {
    const { running } = this;
    const now = running?.stage === stage ? Math.max(0, this.clock.now() - running.start) / 1000 : 0;
    return (this.stages.get(stage) ?? 0) + now;
  }
}
