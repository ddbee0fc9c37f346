// What a run tells while it goes: every event on disk as a JSON line, learning curves beside them, then to the user.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { writeAtomically, writeFailed } from '../files/write-atomically.js';
import type { SummaryWarning } from './summary.js';

/** What comes before {@link openIn} reaches the user at once, and the files when there is a folder. */
export class RunLog implements ProgressSink {
  readonly #warnings: SummaryWarning[] = [];
  readonly #histories = new Map<string, readonly EpochRecord[]>();
  readonly #early: { readonly file: string; readonly line: string }[] = [];
  #folder: string | undefined;

  constructor(private readonly sink: ProgressSink) {}

  /** From here on events are appended to `events.jsonl` and log lines to `run.log`, in which a resumed run goes on. */
  openIn(folder: string): void {
    this.#folder = folder;
    for (const { file, line } of this.#early.splice(0)) this.#append(file, line);
  }

  /** Where pino writes: a line of the run's log. */
  write(line: string): void {
    this.#append('run.log', line);
  }

  emit(event: RunEvent): void {
    if (event.event === 'warning' && !this.#isNew(event)) return;
    this.#append('events.jsonl', `${JSON.stringify(event)}\n`);
    this.sink.emit(event);
  }

  /** A warning, said once however often it is found. Those that components emit are kept alike. */
  warn(warning: SummaryWarning): void {
    this.emit({ event: 'warning', ...warning });
  }

  get warnings(): readonly SummaryWarning[] {
    return this.#warnings;
  }

  /** Writes `metrics.jsonl` anew with what is known of a stage's epochs, so that it holds each epoch once. */
  async history(stage: string, epochs: readonly EpochRecord[]): Promise<void> {
    this.#histories.set(stage, epochs);
    if (this.#folder === undefined) throw new Error('internal: a stage before the run has a folder');
    const lines = [...this.#histories].flatMap(([of, records]) =>
      records.map(({ epoch, metrics }) => `${JSON.stringify({ stage: of, epoch, ...metrics })}\n`),
    );
    await writeAtomically(join(this.#folder, 'metrics.jsonl'), lines.join(''));
  }

  #isNew({ event: _, ...warning }: Extract<RunEvent, { event: 'warning' }>): boolean {
    if (this.#warnings.some(({ code, message }) => code === warning.code && message === warning.message))
      return false;
    this.#warnings.push(warning);
    return true;
  }

  #append(file: string, line: string): void {
    if (this.#folder === undefined) {
      this.#early.push({ file, line });
      return;
    }
    const path = join(this.#folder, file);
    try {
      // Synchronous: a line is on disk before what it tells of goes on, and lines keep their order.
      appendFileSync(path, line);
    } catch (cause) {
      throw writeFailed(path, cause);
    }
  }
}
