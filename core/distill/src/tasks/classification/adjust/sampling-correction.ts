// The adjustment `sampling-correction`: what drawing some classes more often than they come has done to the logits, undone.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type {
  Adjusted,
  AdjustInput,
  AdjustmentReport,
  IndexedDataset,
  Section,
} from '../../../contracts/index.js';
import { fieldValues } from '../../../data/index.js';
import { PotstillError } from '../../../errors/potstill-error.js';
import { argmax, logSumExp, type Rows } from '../../../evaluate/rows.js';
import { adjustment } from '../../../plugin/define.js';
import { count, number, plural } from '../../../report/format.js';
import { html } from '../../../report/html.js';
import { beforeAfter } from '../../adjust/before-after.js';
import { outputBias } from '../../adjust/output-layer.js';
import { validationScores } from '../../adjust/validation-scores.js';

/**
 * Hinton et al. 2015, section 5.2: a specialist sees its special classes more often than they come; afterwards the logit of its
 * dustbin class is raised by the logarithm of the proportion by which they are oversampled. By Bayes' rule, for any sampler:
 * a class with the share n of the training examples and the share d of those that were drawn gets log(n / d).
 */
export const samplingCorrection = adjustment('sampling-correction', {
  help: 'shift the output bias by what `data.sampler` over- and undersamples, so that probabilities fit the data as they are',
  options: z.strictObject({}),
  create: () => ({ apply, section: samplingSection }),
});

async function apply(input: AdjustInput): Promise<Adjusted> {
  const who = 'sampling-correction';
  const { scores, targets, classes, first } = await validationScores(input, who);
  const shifts = await samplingShifts(input.training, classes);
  const bias = await outputBias(input, first, classes, who);
  tf.tidy(() => bias.variable.assign(tf.add(bias.variable, tf.tensor1d(shifts))));
  const shifted = scores.map((score, at) => score + (shifts[at % classes] as number));
  const measured = [scores, shifted].map((of) =>
    measure({ data: Float32Array.from(of), count: targets.length, classes }, targets),
  );
  const [before, after] = measured as [Measured, Measured];
  const names = input.data.labels ?? [];
  const named = Object.fromEntries(
    Array.from(shifts, (shift, at) => [names[at] ?? String(at), shift] as const).filter(
      ([, shift]) => shift !== 0,
    ),
  );
  return {
    words: `${shiftsText(named)}: ${plural(before.errors, 'error')} on validation data before, ${count(after.errors)} after; cross-entropy ${before.crossEntropy.toPrecision(4)} before, ${after.crossEntropy.toPrecision(4)} after`,
    data: { shifts: named, validation: { before, after } },
  };
}

interface Measured {
  readonly errors: number;
  /** Nats, the mean of the examples whose class is known. */
  readonly crossEntropy: number;
}

function measure(rows: Rows, targets: readonly number[]): Measured {
  let errors = 0;
  let sum = 0;
  let known = 0;
  targets.forEach((target, row) => {
    if (target < 0) return;
    known++;
    if (argmax(rows, row) !== target) errors++;
    sum += logSumExp(rows, row) - (rows.data[row * rows.classes + target] as number);
  });
  return { errors, crossEntropy: sum / known };
}

/**
 * log(share of the examples / share of the draws) of each class, less the smallest, so that the classes that are drawn most
 * too often stay as they are. 0 for classes without examples or draws.
 * @throws PotstillError RECIPE_BAD_VALUE where each example is drawn once.
 */
async function samplingShifts(training: IndexedDataset | undefined, classes: number): Promise<Float32Array> {
  const { target, sampling } = training ?? {};
  const numbers =
    training && target !== undefined && sampling ? await fieldValues(training, target) : undefined;
  if (!numbers || !sampling)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message:
        '`sampling-correction` undoes what `data.sampler` does, and the training data are drawn as they are',
      path: 'adjust',
      hint: 'Leave it out, or add a `sampler` to `data`.',
    });
  const there = new Float64Array(classes);
  const drawn = new Float64Array(classes);
  Array.from(numbers).forEach((at, index) => {
    if (at < 0) return;
    there[at] = (there[at] as number) + 1;
    drawn[at] = (drawn[at] as number) + (sampling.weights[index] as number);
  });
  const logs = Array.from(there, (n, at) => Math.log(n) - Math.log(drawn[at] as number));
  const least = Math.min(...logs.filter(Number.isFinite));
  return Float32Array.from(logs, (log) => (Number.isFinite(log) ? log - least : 0)).map((shift) =>
    Math.abs(shift) < 1e-6 ? 0 : shift,
  );
}

function shiftsText(shifts: Readonly<Record<string, number>>): string {
  const all = Object.entries(shifts).map(([name, shift]) => `${name} +${shift.toPrecision(3)}`);
  if (all.length === 0) return 'nothing to correct';
  return all.length > 6 ? `${all.slice(0, 6).join(', ')} and ${all.length - 6} more` : all.join(', ');
}

function samplingSection(report: AdjustmentReport): Section {
  const { shifts } = report.data as { readonly shifts: Readonly<Record<string, number>> };
  return {
    id: 'sampling-correction',
    title: 'Sampling correction',
    body: html`<p>
        Classes were drawn for training with other shares than they have. Their logits were shifted by the
        logarithm of the proportion: ${shiftsText(shifts)}.
      </p>
      ${beforeAfter(report, [
        ['Errors', 'errors', (value) => (value === undefined ? '–' : count(value))],
        ['Cross-entropy', 'crossEntropy', number],
      ])}`,
  };
}
