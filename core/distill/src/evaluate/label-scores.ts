// Several labels an example: how well each of them is told.
import { z } from 'zod';
import type { Metric } from '../contracts/index.js';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { numberRows } from './numbers.js';

/** One label over all examples. */
export interface LabelCounts {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  /** Average precision; NaN for a label that no example has. */
  readonly averagePrecision: number;
}

/**
 * A label is predicted where its logit is above 0, a probability of 1/2. `labelErrors`: wrong labels; `f1` over all labels
 * together (micro), `f1Macro` the mean over labels (0 for one that is neither there nor predicted), `exactMatch` the share
 * of examples with all labels right, and `meanAveragePrecision` over labels that some example has: scikit-learn's f1_score,
 * accuracy_score and average_precision_score. A truth of NaN or below 0 is not known. The artefact `labels` holds the
 * counts by label.
 */
export const labelScores = metric('label-scores', {
  help: 'several labels an example: wrong labels, F1, exact matches and mean average precision',
  options: z.strictObject({ output: outputOption }),
  create({ output }, _services, { data }): Metric {
    const target = targetField('label-scores', data);
    let scores: number[][] = [];
    let truths: number[][] = [];
    let examples: number[] = [];
    let exact = 0;
    const counts = () => scores.map((own, label) => countsOf(own, truths[label] as number[]));
    return {
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name: 'labelErrors',
          title: 'Wrong labels',
          singular: 'wrong label',
          help: 'labels that are there and not predicted, or the other way round',
          unit: 'count',
          better: 'lower',
        },
        {
          name: 'f1',
          title: 'F1',
          help: 'harmonic mean of precision and recall, all labels together',
          unit: 'share',
          better: 'higher',
        },
        { name: 'f1Macro', title: 'F1, mean over labels', unit: 'share', better: 'higher' },
        { name: 'exactMatch', title: 'All labels right', unit: 'share', better: 'higher' },
        {
          name: 'meanAveragePrecision',
          title: 'Mean average precision',
          help: 'area under precision over recall, mean over labels',
          unit: 'share',
          better: 'higher',
        },
      ],
      update({ model, batch }) {
        const rows = numberRows(model, output, batch.tensors, target);
        if (scores.length === 0) {
          scores = Array.from({ length: rows.width }, () => []);
          truths = Array.from({ length: rows.width }, () => []);
        }
        for (let row = 0; row < rows.count; row++) {
          let wrong = 0;
          let known = 0;
          for (let label = 0; label < rows.width; label++) {
            const truth = rows.truth[row * rows.width + label] as number;
            if (!(truth >= 0)) continue;
            const score = rows.own[row * rows.width + label] as number;
            known++;
            // NaN predicts nothing and is wrong.
            if (Number.isNaN(score) || score > 0 !== truth > 0.5) wrong++;
            scores[label]?.push(score);
            truths[label]?.push(truth > 0.5 ? 1 : 0);
          }
          examples.push(known === 0 ? NaN : wrong);
          if (known > 0 && wrong === 0) exact++;
        }
      },
      result() {
        const judged = examples.filter((value) => !Number.isNaN(value));
        const each = counts();
        const sum = (key: keyof LabelCounts) => each.reduce((total, label) => total + label[key], 0);
        const known = each.filter(({ averagePrecision }) => !Number.isNaN(averagePrecision));
        const nothing = judged.length === 0;
        return {
          labelErrors: nothing ? NaN : judged.reduce((total, wrong) => total + wrong, 0),
          f1: nothing ? NaN : f1(sum('truePositive'), sum('falsePositive'), sum('falseNegative')),
          f1Macro:
            each.reduce(
              (total, { truePositive, falsePositive, falseNegative }) =>
                total + f1(truePositive, falsePositive, falseNegative),
              0,
            ) / each.length,
          exactMatch: exact / judged.length,
          meanAveragePrecision:
            known.reduce((total, { averagePrecision }) => total + averagePrecision, 0) / known.length,
        };
      },
      artefacts: () => ({ labels: counts() }),
      perExample: () => ({
        figures: ['labelErrors'],
        better: 'lower',
        values: Float64Array.from(examples),
      }),
      reset() {
        [scores, truths, examples, exact] = [[], [], [], 0];
      },
    };
  },
});

/** 0 where nothing is there and nothing predicted, as scikit-learn has it. */
function f1(truePositive: number, falsePositive: number, falseNegative: number): number {
  const all = 2 * truePositive + falsePositive + falseNegative;
  return all === 0 ? 0 : (2 * truePositive) / all;
}

function countsOf(scores: readonly number[], truths: readonly number[]): LabelCounts {
  let [truePositive, falsePositive, falseNegative] = [0, 0, 0];
  scores.forEach((score, at) => {
    const there = truths[at] === 1;
    if (score > 0 && there) truePositive++;
    else if (score > 0) falsePositive++;
    else if (there) falseNegative++;
  });
  return { truePositive, falsePositive, falseNegative, averagePrecision: averagePrecision(scores, truths) };
}

/** Sum of precision times the gain in recall, from the highest score down; equal scores are taken together. */
function averagePrecision(scores: readonly number[], truths: readonly number[]): number {
  const positives = truths.filter((truth) => truth === 1).length;
  if (positives === 0) return NaN;
  const key = (at: number) => (Number.isNaN(scores[at]) ? -Infinity : (scores[at] as number));
  const order = scores.map((_, at) => at).sort((a, b) => key(b) - key(a));
  let area = 0;
  let found = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    let here = 0;
    while (to < order.length && key(order[to] as number) === key(order[from] as number))
      here += truths[order[to++] as number] as number;
    found += here;
    area += (here / positives) * (found / to);
    from = to;
  }
  return area;
}
