// Logit matching: the limit of soft targets at high temperature (Hinton et al. 2015, section 2.1; Ba & Caruana 2014).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { logitRows, shared } from '../parts/mask.js';

/**
 * `sum_i (z_i - v_i)^2 / (2 N)` over the N classes, mean over the batch, so that the gradient of one example is
 * `(z - v) / N`: equation 4 of the paper times T^2, and the limit of {@link softTargets} as T grows. With `center` both
 * logits have their mean over the classes taken off first, as that limit assumes; softmax does not see the mean.
 * Student's `z` and teacher's `v`: float32 [batch, ..., classes]; with a `mask` [batch, ...] the mean over the positions that
 * count. Nothing flows back to the teacher.
 */
export function logitMatching(
  student: tf.Tensor,
  teacher: tf.Tensor,
  center = true,
  mask?: tf.Tensor,
): tf.Scalar {
  const classes = student.shape.at(-1) ?? 1;
  const { flat, mean, share } = logitRows(student.shape, mask);
  const v = flat(teacher);
  const compute = tf.customGrad((z, save) => {
    const plain = tf.sub(z as tf.Tensor, v);
    const difference = center ? tf.sub(plain, tf.mean(plain, -1, true)) : plain;
    (save as tf.GradSaveFunc)([difference, ...share]);
    return {
      value: tf.mul(mean(tf.square(difference)), 0.5 / classes),
      gradFunc: (dy, [saved, own]) => shared(saved as tf.Tensor, own, tf.div(dy, classes)),
    };
  });
  return compute(flat(student)) as tf.Scalar;
}

export const logitMatchingLoss: AnyComponent = logitPairLoss('logit-matching', {
  help: 'Difference of the logits, squared or absolute: squared, soft targets at infinite temperature.',
  method: {
    paper:
      'Ba & Caruana 2014: Do Deep Nets Really Need to be Deep?, section 2.2; Hinton, Vinyals & Dean 2015, section 2.1, equation 4',
    url: 'https://arxiv.org/abs/1312.6184',
    formula:
      'sum_i (z_i - v_i)^2 / (2 N) over the N classes, each less its mean; sum_i |z_i - v_i| / N where `distance` is absolute',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { TextBrewer: ['kd_mse_loss'], MMRazor: ['L1Loss', 'L2Loss'], DistillKit: ['mse'] },
    example: 'logit-matching',
    note: 'With `center` the limit of T^2 KL as T grows. Without: half of PyTorch’s `mse_loss`, or its `l1_loss`. TextBrewer and MMRazor do not centre; TextBrewer’s temperature is a weight of 1 / T^2.',
  },
  options: {
    center: z
      .boolean()
      .default(true)
      .describe('Takes each row’s mean off both logits first; a softmax does not see it.'),
    distance: z
      .enum(['squared', 'absolute'])
      .default('squared')
      .describe('Half the mean squared difference, or the mean absolute difference.'),
  },
  create: ({ center, distance }) => ({
    compute({ z: own, v, mean, whole: { student, teacher, mask } }) {
      if (distance === 'squared') return logitMatching(student, teacher, center, mask);
      const plain = tf.sub(own, v);
      const difference = center ? tf.sub(plain, tf.mean(plain, -1, true)) : plain;
      return mean(tf.mean(tf.abs(difference), -1));
    },
  }),
});
