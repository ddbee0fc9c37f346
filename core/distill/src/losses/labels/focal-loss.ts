// Focal loss: cross-entropy in which what is known well counts little (Lin et al. 2017).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { labelLoss } from '../parts/label-loss.js';
import { rowCrossEntropy } from '../parts/one-hot.js';

/** `(1 - p_y)^gamma (-log p_y)` of each row, [rows, 1], with p = softmax(z). `target`: 1 at the label. */
function focal(z: tf.Tensor2D, target: tf.Tensor2D, gamma: number): tf.Tensor {
  const each = rowCrossEntropy(z, target);
  if (gamma === 0) return each;
  // The probability of the others. Above 0, as the slope of a power below 1 is infinite there.
  const others = tf.maximum(tf.neg(tf.expm1(tf.neg(each))), 1e-12);
  return tf.mul(tf.pow(others, gamma), each);
}

export const focalLoss: AnyComponent = labelLoss('focal-loss', {
  help: 'Cross-entropy with labels that counts hard examples more.',
  method: {
    paper: 'Lin et al. 2017: Focal Loss for Dense Object Detection, section 3.2, equation 4',
    url: 'https://arxiv.org/abs/1708.02002',
    formula: '-(1 - p_y)^gamma log p_y, p = softmax(z)',
    family: 'labels',
    student: ['logits'],
    teacher: [],
    labels: true,
    aliases: { MMDetection: ['FocalLoss'] },
    example: 'focal-loss',
    note: 'Of several classes that exclude each other, with a softmax; the paper has one sigmoid a class. Its alpha is the weight of the loss.',
  },
  options: {
    gamma: z
      .number()
      .min(0)
      .default(2)
      .describe('How much less well-known examples count; 0 is cross-entropy.'),
  },
  create:
    ({ gamma }) =>
    ({ z: logits, target, mean }) =>
      mean(focal(logits, target, gamma)),
});
