// Soft targets: the teacher's probabilities at a raised temperature (Hinton, Vinyals & Dean 2015, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { classIndices } from '../parts/check.js';
import { constant } from '../parts/constant.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { logitRows, shared } from '../parts/mask.js';
import { logSoftmax } from '../parts/softmax.js';

export interface SoftTargetsOptions {
  readonly temperature: number;
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
 * the teacher.
 * The gradient is in closed form, `T * (softmax(z/T) - softmax(v/T)) / batch`. The value is never negative.
 */
export function softTargets(student: tf.Tensor, teacher: tf.Tensor, options: SoftTargetsOptions): tf.Scalar {
  const { temperature, classes, mask } = options;
  const count = student.shape.at(-1) ?? 1;
  const { flat, mean, share } = logitRows(student.shape, mask);
  const v = flat(teacher);
  const compute = tf.customGrad((z, save) => {
    const scaled = (logits: tf.Tensor) => restrict(tf.div(logits, temperature), count, classes);
    const p = logSoftmax(scaled(v));
    const q = logSoftmax(scaled(z as tf.Tensor));
    const logRatio = tf.sub(tf.sub(p.shifted, q.shifted), tf.sub(p.logSum, q.logSum));
    const difference = tf.sub(q.probabilities, p.probabilities);
    // Rounding may leave the mean a little below 0.
    const least = tf.relu(mean(divergence(p.probabilities, q.probabilities, logRatio)));
    const value = tf.mul(least, temperature ** 2);
    (save as tf.GradSaveFunc)([difference, ...share]);
    return {
      value,
      gradFunc: (dy, [saved, own]) => shared(saved as tf.Tensor, own, tf.mul(dy, temperature)),
    };
  });
  return compute(flat(student)) as tf.Scalar;
}

/**
 * `p r + q - p` with `r = log(p/q)` for each class: its sum over the classes is the divergence, and no term is negative.
 * Where the distributions nearly agree, `p r` and `q - p` cancel; with `t = tanh(r/2) = (p - q)/(p + q)` the same is
 * `(p + q) (r/2 (1 + t) - t)`, whose error is that of `r` itself.
 */
function divergence(p: tf.Tensor, q: tf.Tensor, r: tf.Tensor): tf.Tensor {
  const half = tf.mul(r, 0.5);
  const t = tf.tanh(half);
  return tf.mul(tf.add(p, q), tf.sub(tf.mul(half, tf.add(t, 1)), t));
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
      torchdistill: ['KDLoss'],
      TextBrewer: ['kd_ce_loss'],
      mdistiller: ['KD'],
      MMRazor: ['KLDivergence'],
      DistillKit: ['kl'],
      KD_Lib: ['VanillaKD'],
    },
    example: { use: 'soft-targets', temperature: 4 },
    note: 'KL and not cross-entropy, so that 0 is perfect; the gradients are the same. torchdistill’s KDLoss adds the cross-entropy with the labels: write it as a second loss.',
  },
  options: {
    temperature: z.number().positive().default(4).describe('T: divides both logits before the softmax.'),
    classes: z
      .array(z.union([z.int().min(0), z.string()]))
      .min(2)
      .optional()
      .describe('Class indices or names; only these take part in both softmaxes. Default: all.'),
  },
  create({ temperature, classes }, { data }) {
    const settings = {
      temperature,
      ...(classes && { classes: classIndices('soft-targets', classes, data.labels) }),
    };
    return {
      compute: ({ whole: { student, teacher, mask } }) =>
        softTargets(student, teacher, { ...settings, mask }),
    };
  },
});
