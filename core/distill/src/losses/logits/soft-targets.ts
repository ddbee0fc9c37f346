// Soft targets: the teacher's probabilities at a raised temperature (Hinton, Vinyals & Dean 2015, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { classIndices } from '../parts/check.js';
import { constant } from '../parts/constant.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { logitRows } from '../parts/mask.js';

export interface SoftTargetsOptions {
  /** A number, a scalar tensor, or a tensor [rows, 1] with one for each row. */
  readonly temperature: number | tf.Tensor;
  /** Only these classes take part in both softmaxes. Default: all. */
  readonly classes?: readonly number[];
  /** Which positions count, or how much: the logits' leading axes. Default: all alike. */
  readonly mask?: tf.Tensor | undefined;
}

/** Low enough that its exponential is 0 beside any logit, and finite, so that 0 times it is 0. */
const excluded = -1e9;

/**
 * `T^2 * KL(softmax(v/T) || softmax(z/T))`, mean over the batch: equations 1 and 2 of the paper with the T^2 that keeps
 * its weight beside hard labels. KL and not cross-entropy, so that 0 is perfect; the gradients are the same.
 * Student's `z` and teacher's `v`: float32 [batch, ..., classes], the mean over all positions that count. Nothing flows back to
 * the teacher. The value is never negative.
 */
export function softTargets(student: tf.Tensor, teacher: tf.Tensor, options: SoftTargetsOptions): tf.Scalar {
  const { temperature, classes, mask } = options;
  const { flat, mean } = logitRows(student.shape, mask);
  const soft = (logits: tf.Tensor) => tf.div(flat(logits), temperature);
  const square = typeof temperature === 'number' ? temperature ** 2 : tf.square(temperature);
  return tf.reshape(mean(tf.mul(divergences(soft(student), soft(teacher), classes), square)), []);
}

/** One number a row, [rows, 1]. */
function divergences(z: tf.Tensor, v: tf.Tensor, classes: readonly number[] | undefined): tf.Tensor {
  const count = z.shape.at(-1) ?? 1;
  return rowDivergence(restrict(v, count, classes), restrict(z, count, classes), kullbackLeibler);
}

/** A mask and not a gather: its closed-form gradient needs no scatter. */
function restrict(logits: tf.Tensor, count: number, classes: readonly number[] | undefined): tf.Tensor {
  if (classes === undefined) return logits;
  const kept = new Set(classes);
  const mask = Array.from({ length: count }, (_, i) => kept.has(i));
  const factor = constant(mask.map((keep) => (keep ? 1 : 0)));
  return tf.add(tf.mul(logits, factor), constant(mask.map((keep) => (keep ? 0 : excluded))));
}

export const softTargetsLoss: AnyComponent = logitPairLoss('soft-targets', {
  help: 'KL divergence from the teacher’s softened probabilities, times T^2 (Hinton et al. 2015).',
  method: {
    paper:
      'Hinton, Vinyals & Dean 2015: Distilling the Knowledge in a Neural Network, section 2, equations 1 and 2',
    url: 'https://arxiv.org/abs/1503.02531',
    formula: 'T^2 KL(softmax(v / T) || softmax(z / T))',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: {
      torchdistill: ['KDLoss', 'SKDInstanceLoss'],
      TextBrewer: ['kd_ce_loss', 'flsw', 'cwsm'],
      mdistiller: ['KD'],
      MMRazor: ['KLDivergence', 'KDSoftCELoss'],
      DistillKit: ['kl', 'forward_kl'],
      papers: ['KD', 'CTKD'],
      CTKD: ['DistillKL', 'Global_T'],
      KD_Lib: ['VanillaKD'],
    },
    example: { use: 'soft-targets', temperature: 4 },
    note: 'KL and not cross-entropy, so that 0 is perfect; the gradients are the same. torchdistill’s KDLoss adds the cross-entropy with the labels: write it as a second loss. The instance term of streamlined KD (equation 1, SKDInstanceLoss in its mode `paper`) is this over T^2. With a temperature for each row, the row is multiplied by its own T^2; TextBrewer does not multiply.',
  },
  temperature: 4,
  options: {
    classes: z
      .array(z.union([z.int().min(0), z.string()]))
      .min(2)
      .optional()
      .describe('Class indices or names; only these take part in both softmaxes. Default: all.'),
  },
  create({ classes }, { data }) {
    const some = classes && classIndices('soft-targets', classes, data.labels);
    return {
      compute: ({ soft: { z, v, square }, mean }) => mean(tf.mul(divergences(z, v, some), square)),
    };
  },
});
