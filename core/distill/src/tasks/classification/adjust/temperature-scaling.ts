// The adjustment `temperature-scaling`: logits divided by the temperature that fits validation data best.
import { z } from 'zod';
import type { Adjusted, AdjustInput, AdjustmentReport, Section } from '../../../contracts/index.js';
import { logSumExp } from '../../../evaluate/rows.js';
import { adjustment } from '../../../plugin/define.js';
import { number, percent } from '../../../report/format.js';
import { html } from '../../../report/html.js';
import { beforeAfter } from '../../adjust/before-after.js';
import { scaleLogits } from '../../adjust/output-layer.js';
import { validationScores } from '../../adjust/validation-scores.js';

/** Temperatures are looked for between these. */
const lowest = 0.05;
const highest = 20;

/**
 * Guo et al. 2017, "On calibration of modern neural networks", section 4.2: one temperature for all logits, with the
 * smallest cross-entropy on validation data. No answer changes, only how sure it is.
 */
export const temperatureScaling = adjustment('temperature-scaling', {
  help: 'divide the logits by the temperature with the smallest cross-entropy on validation data (calibration)',
  options: z.strictObject({}),
  create: () => ({ apply, section: temperatureSection }),
});

async function apply(input: AdjustInput): Promise<Adjusted> {
  const who = 'temperature-scaling';
  const { scores, targets, classes, first } = await validationScores(input, who);
  const rows = { data: Float32Array.from(scores), count: targets.length, classes };
  const loss = (temperature: number): number => {
    let sum = 0;
    let count = 0;
    targets.forEach((target, row) => {
      if (target < 0) return;
      count++;
      sum += logSumExp(rows, row, temperature) - (rows.data[row * classes + target] as number) / temperature;
    });
    return sum / count;
  };
  const temperature = bestTemperature(loss);
  await scaleLogits(input, first, classes, 1 / temperature, who);
  const [before, after] = [loss(1), loss(temperature)];
  return {
    words: `T = ${temperature.toPrecision(3)}: cross-entropy on validation data ${before.toPrecision(4)} before, ${after.toPrecision(4)} after`,
    data: { temperature, validationCrossEntropy: { before, after } },
  };
}

/** Golden section over log T: the cross-entropy is convex in 1 / T, and so has one minimum. To four digits. */
export function bestTemperature(loss: (temperature: number) => number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let from = Math.log(lowest);
  let to = Math.log(highest);
  while (to - from > 1e-5) {
    const [left, right] = [to - ratio * (to - from), from + ratio * (to - from)];
    if (loss(Math.exp(left)) <= loss(Math.exp(right))) to = right;
    else from = left;
  }
  return Math.exp((from + to) / 2);
}

function temperatureSection(report: AdjustmentReport): Section {
  const { temperature } = report.data as { readonly temperature: number };
  return {
    id: 'temperature-scaling',
    title: 'Temperature scaling',
    body: html`<p>
        All logits were divided by ${number(temperature)}, the temperature with the smallest cross-entropy on
        the validation data.
        ${temperature > 1 ? 'The student was overconfident.' : 'The student was underconfident.'}
      </p>
      ${beforeAfter(report, [
        ['Calibration error', 'calibrationError', percent],
        ['Cross-entropy', 'crossEntropy', number],
      ])}`,
  };
}
