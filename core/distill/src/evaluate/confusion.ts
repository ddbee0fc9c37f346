// The confusion matrix: which class is taken for which.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { argmax, scoreRows, targetRows } from './rows.js';

/**
 * The artefact `confusion`: counts [classes][classes], rows the truth, columns the prediction; no rows when nothing was seen. A row
 * of scores with a NaN predicts no class and is in no cell.
 */
export const confusion = metric('confusion', {
  help: 'matrix of counts: rows the true class, columns the predicted one',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }) {
    const target = targetField('confusion', data);
    let classes = 0;
    let cells = new Float64Array(0);
    return {
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [],
      update({ model, batch }) {
        const rows = scoreRows(model, output);
        if (classes === 0) {
          classes = rows.classes;
          cells = new Float64Array(classes * classes);
        }
        targetRows(batch.tensors, target, rows).forEach((truth, row) => {
          const predicted = argmax(rows, row);
          if (truth < 0 || predicted < 0) return;
          const cell = truth * classes + predicted;
          cells[cell] = (cells[cell] as number) + 1;
        });
      },
      result: () => ({}),
      artefacts: () => ({
        confusion: Array.from({ length: classes }, (_, row) => [
          ...cells.subarray(row * classes, (row + 1) * classes),
        ]),
      }),
      reset() {
        classes = 0;
        cells = new Float64Array(0);
      },
    };
  },
});
