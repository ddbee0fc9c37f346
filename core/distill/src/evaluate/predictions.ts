// A classifier's answer to each example, for sections of the report.
import type { MetricInputs } from '../contracts/index.js';
import { argmax, confidence, scoreRows, targetRows } from './rows.js';

/** The artefact `predictions`: answers in the order seen. All arrays have one element an example. */
export interface Predictions {
  /** Index of the example in its data set. */
  readonly indices: Int32Array;
  /** Class with the highest score; -1 when a score was NaN. */
  readonly predicted: Int32Array;
  /** Softmax probability of that class; NaN when a score was NaN. */
  readonly confidence: Float32Array;
  /** The true class; negative where it is not known. */
  readonly truth: Int32Array;
}

/** Collects answers as long as the scores are one row an example; otherwise there is no such artefact. */
export function collectPredictions(output: string, target: string) {
  let indices: number[] = [];
  let predicted: number[] = [];
  let sure: number[] = [];
  let truth: number[] = [];
  let oneEach = true;
  return {
    update({ model, batch }: MetricInputs): void {
      const rows = scoreRows(model, output);
      oneEach &&= rows.count === batch.size;
      if (!oneEach) return;
      for (const known of targetRows(batch.tensors, target, rows)) truth.push(known);
      for (let row = 0; row < rows.count; row++) {
        indices.push(batch.indices[row] ?? -1);
        predicted.push(argmax(rows, row));
        sure.push(confidence(rows, row));
      }
    },
    artefacts(): Readonly<Record<string, unknown>> {
      if (!oneEach) return {};
      const predictions: Predictions = {
        indices: Int32Array.from(indices),
        predicted: Int32Array.from(predicted),
        confidence: Float32Array.from(sure),
        truth: Int32Array.from(truth),
      };
      return { predictions };
    },
    reset(): void {
      [indices, predicted, sure, truth] = [[], [], [], []];
      oneEach = true;
    },
  };
}
