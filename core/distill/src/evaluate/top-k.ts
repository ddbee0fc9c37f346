// Top-k accuracy: the true class is among the k highest scores.
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { rowMetric } from './row-metric.js';
import { scoreRows, targetRows, type Rows } from './rows.js';

/** How many classes come before `target`: those with a higher score, or an equal one and a lower index. NaN: infinity. */
function rank(rows: Rows, row: number, target: number): number {
  const start = row * rows.classes;
  const score = rows.data[start + target] as number;
  let before = 0;
  for (let c = 0; c < rows.classes; c++) {
    const other = rows.data[start + c] as number;
    if (Number.isNaN(other)) return Infinity;
    if (other > score || (other === score && c < target)) before++;
  }
  return before;
}

/** `top<k>` in [0, 1], such as `top5`. */
export const topK = metric('top-k', {
  help: 'share of examples whose true class is among the k highest scores',
  options: z.strictObject({
    k: z.int().min(1).default(5).describe('how many of the highest scores count'),
    output: outputOption,
  }),
  create({ k, output }, _services, { data }) {
    const target = targetField('top-k', data);
    const name = `top${k}`;
    return rowMetric({
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name,
          title: `Top-${k} accuracy`,
          help: `share of examples whose true class is among the ${k} highest scores`,
          unit: 'share',
          better: 'higher',
        },
      ],
      perExample: { figures: [name], better: 'higher' },
      rows({ model, batch }) {
        const rows = scoreRows(model, output);
        return Array.from(targetRows(batch.tensors, target, rows), (truth, row) =>
          truth < 0 ? undefined : Number(rank(rows, row, truth) < k),
        );
      },
      result: (right, count) => ({ [name]: right / count }),
    });
  },
});
