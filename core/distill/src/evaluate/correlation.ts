// Correlation of a model's numbers with the true ones: needs all examples at the end.
import { z } from 'zod';
import type { Metric } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { metric } from '../plugin/define.js';
import { numbersOption, targetField } from './field.js';
import { numberRows } from './numbers.js';

/** `pearson` and `spearman` of one number an example (scipy's pearsonr and spearmanr; ties share their mean rank). */
export const correlation = metric('correlation', {
  help: 'Pearson and Spearman correlation of one number an example with the truth',
  options: z.strictObject({ output: numbersOption }),
  create({ output }, _services, { data }): Metric {
    const target = targetField('correlation', data);
    let own: number[] = [];
    let truth: number[] = [];
    return {
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        { name: 'pearson', title: 'Pearson correlation', unit: 'number', better: 'higher' },
        {
          name: 'spearman',
          title: 'Spearman correlation',
          help: 'of the ranks: whether the order is right',
          unit: 'number',
          better: 'higher',
        },
      ],
      update({ model, batch }) {
        const rows = numberRows(model, output, batch.tensors, target);
        if (rows.width > 1)
          throw new PotstillError({
            code: 'EVALUATE_TENSOR',
            message: `metric \`correlation\` compares one number an example; \`${output}\` has ${rows.width}`,
          });
        rows.truth.forEach((value, at) => {
          if (Number.isNaN(value)) return;
          truth.push(value);
          own.push(rows.own[at] as number);
        });
      },
      result: () => ({ pearson: pearson(own, truth), spearman: pearson(ranks(own), ranks(truth)) }),
      reset() {
        [own, truth] = [[], []];
      },
    };
  },
});

/** NaN where one side does not vary. */
function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, at) => {
    const x = value - meanA;
    const y = (b[at] as number) - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  });
  return aa === 0 || bb === 0 ? NaN : ab / Math.sqrt(aa * bb);
}

/** From 1; equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] as number) - (values[b] as number));
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    const value = values[order[from] as number];
    while (to < order.length && values[order[to] as number] === value) to++;
    for (let at = from; at < to; at++) result[order[at] as number] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}
