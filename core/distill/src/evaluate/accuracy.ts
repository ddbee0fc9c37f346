// Accuracy: how many examples get their true class.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { argmax, scoreRows, targetRows } from './rows.js';

/** `accuracy` in [0, 1], `errors` and `count` as numbers of examples. A row with a NaN score is an error. */
export const accuracy = metric('accuracy', {
  help: 'share of examples whose highest score is the true class; also errors and count',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }) {
    const target = targetField('accuracy', data);
    let right = 0;
    let count = 0;
    return {
      needsTeacher: false,
      update({ student, batch }) {
        const rows = scoreRows(student, output, 'student output');
        targetRows(batch.tensors, target, rows).forEach((truth, row) => {
          if (truth < 0) return;
          count++;
          if (argmax(rows, row) === truth) right++;
        });
      },
      result: () => ({
        accuracy: count === 0 ? NaN : right / count,
        errors: count === 0 ? NaN : count - right,
        count,
      }),
      reset() {
        right = 0;
        count = 0;
      },
    };
  },
});
