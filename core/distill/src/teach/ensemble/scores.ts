// One member's scores for one example, in the classes of the ensemble.
import type { LabelMap } from './label-map.js';

/** NaN for classes that the member does not know. */
export interface Scores {
  /** As the member gives them; where several of its classes mean one, the logarithm of the sum of their exponentials. */
  readonly logits: Float64Array;
  /** Logarithms of probabilities among the classes that it knows: they sum to one. */
  readonly logs: Float64Array;
}

export function scoresOf(row: ArrayLike<number>, map: LabelMap): Scores {
  const logits = Float64Array.from(map, (from) =>
    from.length === 0 ? NaN : logSumExp(from.map((index) => row[index] as number)),
  );
  const norm = logSumExp(Array.from(logits).filter((value) => !Number.isNaN(value)));
  return { logits, logs: logits.map((value) => value - norm) };
}

export function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  if (!Number.isFinite(most)) return most;
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
