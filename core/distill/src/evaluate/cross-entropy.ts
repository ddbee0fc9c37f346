// Cross-entropy against the truth: how well the probabilities fit, not only the first answer.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { rowMetric } from './row-metric.js';
import { logSumExp, scoreRows, targetRows } from './rows.js';

/** `crossEntropy` in nats, the mean of -log softmax(logits)[truth] (natural logarithm), summed in float64. */
export const crossEntropy = metric('cross-entropy', {
  help: 'mean of -log of the probability given to the true class, in nats',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }) {
    const target = targetField('cross-entropy', data);
    return rowMetric({
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name: 'crossEntropy',
          title: 'Cross-entropy',
          help: 'mean of −log of the probability given to the truth, in nats',
          unit: 'nats',
          better: 'lower',
        },
      ],
      perExample: { figures: ['crossEntropy'], better: 'lower' },
      rows({ model, batch }) {
        const rows = scoreRows(model, output);
        return Array.from(targetRows(batch.tensors, target, rows), (truth, row) =>
          truth < 0 ? undefined : logSumExp(rows, row) - (rows.data[row * rows.classes + truth] as number),
        );
      },
      result: (sum, count) => ({ crossEntropy: sum / count }),
    });
  },
});
