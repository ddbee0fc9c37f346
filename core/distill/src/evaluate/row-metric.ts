// A metric that is a mean over rows of scores: how most metrics of scores are written.
import type { Figure, Metric, MetricInputs, MetricNeeds, PerExample } from '../contracts/index.js';

export interface RowMetric {
  readonly needs: MetricNeeds;
  readonly figures: readonly Figure[];
  /** One number a row; undefined leaves the row out. Examples with several rows (frames, tokens) have them in sequence. */
  readonly rows: (at: MetricInputs) => readonly (number | undefined)[];
  /** A number for each figure from the sum over the rows that count; NaN, as 0 / 0 is, where none does. */
  readonly result: (sum: number, count: number) => Readonly<Record<string, number>>;
  /** What the sum of an example's rows decides. Default: nothing, so that models are not compared by it. */
  readonly perExample?: Omit<PerExample, 'values'>;
}

/** Sums in float64. */
export function rowMetric({ needs, figures, rows, result, perExample }: RowMetric): Metric {
  let sum = 0;
  let count = 0;
  let examples: number[] = [];
  return {
    needs,
    figures,
    update(at) {
      const values = rows(at);
      for (const value of values)
        if (value !== undefined) {
          sum += value;
          count++;
        }
      if (perExample) for (const value of byExample(values, at.batch.size)) examples.push(value);
    },
    result: () => result(sum, count),
    ...(perExample ? { perExample: () => ({ ...perExample, values: Float64Array.from(examples) }) } : {}),
    reset() {
      sum = 0;
      count = 0;
      examples = [];
    },
  };
}

/** Sum of each example's rows that count; NaN where none does. */
function byExample(values: readonly (number | undefined)[], size: number): number[] {
  const each = size === 0 ? 0 : values.length / size;
  return Array.from({ length: size }, (_, at) => {
    const own = values.slice(at * each, (at + 1) * each).filter((value) => value !== undefined);
    return own.length === 0 ? NaN : own.reduce((sum, value) => sum + value, 0);
  });
}
