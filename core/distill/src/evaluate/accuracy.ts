// Accuracy: how many examples get their true class.
import { z } from 'zod';
import type { Metric } from '../contracts/index.js';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { collectPredictions } from './predictions.js';
import { rowMetric } from './row-metric.js';
import { argmax, scoreRows, targetRows } from './rows.js';

/**
 * `accuracy` in [0, 1], `errors` and `count` as numbers of rows. A row with a NaN score is an error. The artefact
 * `predictions` holds each example's answer, where the scores are one row an example.
 */
export const accuracy = metric('accuracy', {
  help: 'share of examples whose highest score is the true class; also errors and count',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }): Metric {
    const target = targetField('accuracy', data);
    const predictions = collectPredictions(output, target);
    const errors = rowMetric({
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name: 'errors',
          title: 'Errors',
          singular: 'error',
          help: 'examples whose answer is wrong',
          unit: 'count',
          better: 'lower',
        },
        {
          name: 'accuracy',
          title: 'Accuracy',
          help: 'share of examples answered right',
          unit: 'share',
          better: 'higher',
        },
        { name: 'count', title: 'Examples', unit: 'count', better: null },
      ],
      perExample: { figures: ['errors', 'accuracy'], better: 'lower' },
      rows({ model, batch }) {
        const rows = scoreRows(model, output);
        const truths = targetRows(batch.tensors, target, rows);
        return Array.from(truths, (truth, row) =>
          truth < 0 ? undefined : Number(argmax(rows, row) !== truth),
        );
      },
      result: (wrong, count) => ({
        errors: count === 0 ? NaN : wrong,
        accuracy: (count - wrong) / count,
        count,
      }),
    });
    return {
      ...errors,
      update(at) {
        predictions.update(at);
        return errors.update(at);
      },
      artefacts: () => predictions.artefacts(),
      reset() {
        predictions.reset();
        errors.reset();
      },
    };
  },
});
