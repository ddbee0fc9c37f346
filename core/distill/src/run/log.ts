// What a run tells while it goes: every event on disk as a JSON line, learning curves beside them, then to the user.
import { appendFileSync, closeSync, openSync, readSync, fstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import { writeAtomically, writeFailed } from '../files/write-atomically.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { eventsFile, logFile, metricsFile } from './names.js';
import type { SummaryWarning } from './summary.js';

/** Until {@link openIn} gives it a folder, everything is held back, so that the folder is the first thing told. */
export class RunLog implements ProgressSink {
  readonly #warnings: SummaryWarning[] = [];
  readonly #histories = new Map<string, readonly EpochRecord[]>();
  readonly #heldLines: string[] = [];
  readonly #heldEvents: RunEvent[] = [];
  #folder: string | undefined;
  #isOpen = false;

  constructor(private readonly sink: ProgressSink) {}

  /** From here on events are appended to `events.jsonl` and log lines to `run.log`; `first` before all that was held back. */
  openIn(folder: string, first: RunEvent): void {
    this.#folder = folder;
    for (const file of [eventsFile, logFile]) endLastLine(join(folder, file));
    for (const event of [first, ...this.#heldEvents.splice(0)]) this.#pass(event);
    for (const line of this.#heldLines.splice(0)) this.#append(logFile, line);
  }

  /** For work that has no folder: events reach the user at once, and log lines nobody. */
  withoutFolder(): void {
    this.#isOpen = true;
    for (const event of this.#heldEvents.splice(0)) this.sink.emit(event);
  }

  /** Writes nothing more. What was held back reaches the user; there is no folder that could keep it. */
  close(): void {
    this.#folder = undefined;
    for (const event of this.#heldEvents.splice(0)) this.sink.emit(event);
  }

  /** Where pino writes: a line of the run's log. */
  write(line: string): void {
    if (this.#folder === undefined) this.#heldLines.push(line);
    else this.#append(logFile, line);
  }

  emit(event: RunEvent): void {
    if (event.event === 'warning' && !this.#isNew(event)) return;
    if (this.#folder !== undefined) this.#pass(event);
    else if (this.#isOpen) this.sink.emit(event);
    else this.#heldEvents.push(event);
  }

  /** A warning, said once however often it is found. Those that components emit are kept alike. */
  warn(warning: SummaryWarning): void {
    this.emit({ event: 'warning', ...warning });
  }

  get warnings(): readonly SummaryWarning[] {
    return this.#warnings;
  }

  /** Rewrites `metrics.jsonl` with what is known of a stage's epochs, so that it holds each epoch once. */
  async history(stage: string, epochs: readonly EpochRecord[]): Promise<void> {
    this.#histories.set(stage, epochs);
    if (this.#folder === undefined) throw new Error('internal: a stage before the run has a folder');
    const lines = [...this.#histories].flatMap(([of, records]) =>
      records.map(({ epoch, metrics }) => `${JSON.stringify({ stage: of, epoch, ...metrics })}\n`),
    );
    await writeAtomically(join(this.#folder, metricsFile), lines.join(''));
  }

  #isNew({ event: _, ...warning }: Extract<RunEvent, { event: 'warning' }>): boolean {
    if (this.#warnings.some(({ code, message }) => code === warning.code && message === warning.message))
      return false;
    this.#warnings.push(warning);
    return true;
  }

  #pass(event: RunEvent): void {
    this.#append(eventsFile, `${JSON.stringify(event)}\n`);
    this.sink.emit(event);
  }

  #append(file: string, line: string): void {
    if (this.#folder === undefined) return;
    const path = join(this.#folder, file);
    try {
      // Synchronous: a line is on disk before what it tells of goes on, and lines keep their order.
      appendFileSync(path, line);
    } catch (cause) {
      throw writeFailed(path, cause);
    }
  }
}

/** A kill may leave half a line; what is appended begins on a line of its own. */
function endLastLine(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return; // There is none; a file that cannot be opened is told when it is written.
  }
  try {
    const last = Buffer.alloc(1);
    const { size } = fstatSync(file);
    if (size === 0 || readSync(file, last, 0, 1, size - 1) === 0 || last.toString() === '\n') return;
  } finally {
    closeSync(file);
  }
  appendFileSync(path, '\n');
}
