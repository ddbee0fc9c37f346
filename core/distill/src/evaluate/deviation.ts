// Deviation: how far a model's numbers are from the true ones.
import { z } from 'zod';
import type { Metric } from '../contracts/index.js';
import { metric } from '../plugin/define.js';
import { numbersOption, targetField } from './field.js';
import { numberRows } from './numbers.js';

/**
 * `rmse`, `mae` and `r2` over all numbers of all examples, as scikit-learn's root_mean_squared_error, mean_absolute_error
 * and r2_score (of one output; of several, of all their numbers together). Numbers whose truth is NaN are left out. The
 * artefact `numbers` holds truth and prediction of the first number of each example.
 */
export const deviation = metric('deviation', {
  help: 'root mean square and mean absolute deviation from the truth, and the share of variance explained',
  options: z.strictObject({ output: numbersOption }),
  create({ output }, _services, { data }): Metric {
    const target = targetField('deviation', data);
    let count = 0;
    let squares = 0;
    let absolutes = 0;
    // Welford's mean and sum of squared differences of the truth.
    let mean = 0;
    let spread = 0;
    let examples: number[] = [];
    let pairs: { readonly truth: number; readonly predicted: number }[] = [];
    return {
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name: 'rmse',
          title: 'Root mean square error',
          help: 'typical distance from the truth, large ones weighing more',
          unit: 'number',
          better: 'lower',
        },
        {
          name: 'mae',
          title: 'Mean absolute error',
          help: 'mean distance from the truth',
          unit: 'number',
          better: 'lower',
        },
        {
          name: 'r2',
          title: 'Variance explained',
          help: 'R²: 1 is perfect, 0 is as good as always saying the mean',
          unit: 'number',
          better: 'higher',
        },
      ],
      update({ model, batch }) {
        const rows = numberRows(model, output, batch.tensors, target);
        for (let row = 0; row < rows.count; row++) {
          let own = 0;
          let seen = 0;
          for (let at = row * rows.width; at < (row + 1) * rows.width; at++) {
            const truth = rows.truth[at] as number;
            if (Number.isNaN(truth)) continue;
            const difference = (rows.own[at] as number) - truth;
            squares += difference * difference;
            absolutes += Math.abs(difference);
            own += difference * difference;
            seen++;
            count++;
            const before = truth - mean;
            mean += before / count;
            spread += before * (truth - mean);
          }
          examples.push(seen === 0 ? NaN : own / seen);
          const first = row * rows.width;
          pairs.push({ truth: rows.truth[first] as number, predicted: rows.own[first] as number });
        }
      },
      result: () => ({
        rmse: Math.sqrt(squares / count),
        mae: absolutes / count,
        r2: spread === 0 ? NaN : 1 - squares / spread,
      }),
      artefacts: () => ({ numbers: pairs }),
      perExample: () => ({
        figures: ['rmse', 'r2'],
        better: 'lower',
        values: Float64Array.from(examples),
      }),
      reset() {
        [count, squares, absolutes, mean, spread] = [0, 0, 0, 0, 0];
        [examples, pairs] = [[], []];
      },
    };
  },
});
