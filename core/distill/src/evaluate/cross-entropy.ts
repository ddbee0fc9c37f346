// Cross-entropy against the truth: how well the probabilities fit, not only the first answer.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { logSumExp, scoreRows, targetRows } from './rows.js';

/** `crossEntropy` in nats, the mean of -log softmax(logits)[truth] (natural logarithm), summed in float64. */
export const crossEntropy = metric('cross-entropy', {
  help: 'mean of -log of the probability given to the true class, in nats',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }) {
    const target = targetField('cross-entropy', data);
    let sum = 0;
    let count = 0;
    return {
      needsTeacher: false,
      update({ student, batch }) {
        const rows = scoreRows(student, output, 'student output');
        targetRows(batch.tensors, target, rows).forEach((truth, row) => {
          if (truth < 0) return;
          count++;
          sum += logSumExp(rows, row) - (rows.data[row * rows.classes + truth] as number);
        });
      },
      result: () => ({ crossEntropy: count === 0 ? NaN : sum / count }),
      reset() {
        sum = 0;
        count = 0;
      },
    };
  },
});
