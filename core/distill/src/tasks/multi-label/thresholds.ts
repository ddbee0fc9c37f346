// The adjustment `thresholds`: for each label the score above which it counts as there, chosen on validation data.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Adjusted, AdjustInput, AdjustmentReport, Section } from '../../contracts/index.js';
import { adjustment } from '../../plugin/define.js';
import { number, percent } from '../../report/format.js';
import { html } from '../../report/html.js';
import { beforeAfter } from '../adjust/before-after.js';
import { outputBias } from '../adjust/output-layer.js';
import { validationScores } from '../adjust/validation-scores.js';

const by = z.enum(['errors', 'f1']);

/**
 * The bias of each label is lowered by its threshold, so that 0 (a probability of 1/2) is the threshold everywhere: in
 * exports, too.
 */
export const thresholds = adjustment('thresholds', {
  help: 'for each label the threshold that is best on validation data',
  options: z.strictObject({
    by: by.default('errors').describe('what is best: fewest wrong labels, or the highest F1'),
  }),
  create: (options) => ({
    apply: (input) => apply(input, options.by),
    section: thresholdSection,
  }),
});

async function apply(input: AdjustInput, goal: z.output<typeof by>): Promise<Adjusted> {
  const who = 'thresholds';
  const { scores, targets, classes: labels, first } = await validationScores(input, who);
  const bias = await outputBias(input, first, labels, who);
  const found = Array.from({ length: labels }, (_, label) => {
    const rows = Array.from({ length: scores.length / labels }, (__, row) => ({
      score: scores[row * labels + label] as number,
      truth: targets[row * labels + label] as number,
    }));
    return bestThreshold(
      rows.filter(({ truth }) => truth >= 0),
      goal,
    );
  });
  tf.tidy(() => bias.variable.assign(tf.sub(bias.variable, tf.tensor1d(found))));
  return {
    words: `thresholds from ${number(Math.min(...found))} to ${number(Math.max(...found))}`,
    data: { thresholds: found, by: goal },
  };
}

/** Of equally good thresholds the one nearest to 0; half way between two scores. 0 where nothing is known. */
export function bestThreshold(
  rows: readonly { readonly score: number; readonly truth: number }[],
  goal: z.output<typeof by>,
): number {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const positives = rows.filter(({ truth }) => truth > 0.5).length;
  let found = 0;
  let value = -Infinity;
  let hits = 0;
  for (let above = 0; above <= sorted.length; above++) {
    if (above > 0 && (sorted[above - 1]?.truth ?? 0) > 0.5) hits++;
    const [high, low] = [sorted[above - 1]?.score, sorted[above]?.score];
    // Equal scores are on one side.
    if (high !== undefined && high === low) continue;
    const threshold = between(high, low);
    const wrong = above - hits + (positives - hits);
    const f1 = above + positives === 0 ? 0 : (2 * hits) / (above + positives);
    const here = goal === 'errors' ? -wrong : f1;
    if (here > value || (here === value && Math.abs(threshold) < Math.abs(found))) {
      found = threshold;
      value = here;
    }
  }
  return found;
}

/** 0 where it lies between the two, else the middle; 1 beyond the outermost. */
function between(high: number | undefined, low: number | undefined): number {
  if ((high === undefined || high > 0) && (low === undefined || low <= 0)) return 0;
  if (high === undefined) return (low ?? 0) + 1;
  return low === undefined ? high - 1 : (high + low) / 2;
}

function thresholdSection(report: AdjustmentReport): Section {
  return {
    id: 'thresholds',
    title: 'Thresholds',
    body: html`<p>Each label has the threshold that is best on the validation data.</p>
      ${beforeAfter(report, [
        ['Wrong labels', 'labelErrors', number],
        ['F1', 'f1', percent],
      ])}`,
  };
}
