// What a run tells while it goes: every event on disk as a JSON line, learning curves beside them, then to the user.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { writeAtomically, writeFailed } from '../train/write-atomically.js';
import type { SummaryWarning } from './summary.js';

export interface RunLog extends ProgressSink {
  readonly warnings: readonly SummaryWarning[];
  /** A warning, said once however often it is found. */
  warn(warning: SummaryWarning): void;
  /** Warnings of an earlier process of the same run, which were told then. */
  recall(warnings: readonly SummaryWarning[]): void;
  /** Writes `metrics.jsonl` anew with what is known of a stage's epochs. */
  history(stage: string, epochs: readonly EpochRecord[]): Promise<void>;
  readonly histories: ReadonlyMap<string, readonly EpochRecord[]>;
}

/** `events.jsonl` is appended to (a resumed run goes on in it); `metrics.jsonl` holds each epoch once. */
export function runLog(folder: string, sink: ProgressSink): RunLog {
  const warnings: SummaryWarning[] = [];
  const histories = new Map<string, readonly EpochRecord[]>();
  const eventsPath = join(folder, 'events.jsonl');
  const emit = (event: RunEvent) => {
    try {
      // Synchronous: a line is on disk before what it tells of goes on, and lines keep their order.
      appendFileSync(eventsPath, `${JSON.stringify(event)}\n`);
    } catch (cause) {
      throw writeFailed(eventsPath, cause);
    }
    sink.emit(event);
  };
  return {
    warnings,
    histories,
    emit,
    warn(warning) {
      if (warnings.some(({ code, message }) => code === warning.code && message === warning.message)) return;
      warnings.push(warning);
      emit({ event: 'warning', ...warning });
    },
    recall(known) {
      warnings.push(...known);
    },
    async history(stage, epochs) {
      histories.set(stage, epochs);
      const lines = [...histories].flatMap(([of, records]) =>
        records.map(({ epoch, metrics }) => JSON.stringify({ stage: of, epoch, ...metrics })),
      );
      await writeAtomically(join(folder, 'metrics.jsonl'), lines.map((line) => `${line}\n`).join(''));
    },
  };
}
