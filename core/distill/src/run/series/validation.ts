// The figure by which runs of a series are compared.
import type { Primary } from '../../report/figures.js';
import type { CompleteRun } from '../run-teacher.js';
import type { TrainingRecord } from '../train-once.js';

/** The figure on validation data at the epoch whose weights were kept. */
export function validationOf({ folder }: CompleteRun, primary: Primary): number | undefined {
  const { best, history = [] } = folder.finished<TrainingRecord>('student') ?? {};
  const kept = best ? history.find(({ epoch }) => epoch === best.epoch) : history.at(-1);
  const value = kept && Object.hasOwn(kept.metrics, primary.name) ? kept.metrics[primary.name] : undefined;
  return Number.isFinite(value) ? (value as number) : undefined;
}
