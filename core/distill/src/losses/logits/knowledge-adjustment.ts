// Knowledge adjustment: soft targets of a teacher that is put right where it is wrong (Wen et al. 2019).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { oneHot } from '../parts/one-hot.js';

/** Exchanges the largest logit of each row with that of the label. Logits [rows, classes]; `target`: 1 at the label. */
function probabilityShift(v: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor2D {
  const largest = oneHot(tf.argMax(v, -1), v.shape[1]);
  const gap = tf.sub(tf.max(v, -1, true), tf.sum(tf.mul(v, target), -1, true));
  return tf.add(v, tf.mul<tf.Tensor2D>(gap, tf.sub(target, largest)));
}

/** Where the largest logit is not the label's: logits of the probability `correct` for the label, the rest spread evenly. */
function smoothWhereWrong(v: tf.Tensor2D, target: tf.Tensor2D, correct: number): tf.Tensor2D {
  const rest = (1 - correct) / Math.max(1, v.shape[1] - 1);
  const right = tf.sum(tf.mul(oneHot(tf.argMax(v, -1), v.shape[1]), target), -1, true);
  const smooth = tf.add<tf.Tensor2D>(tf.mul(target, Math.log(correct / rest)), Math.log(rest));
  return tf.where(tf.greater(right, 0), v, smooth);
}

export const knowledgeAdjustmentLoss: AnyComponent = logitPairLoss('knowledge-adjustment', {
  help: 'Soft targets in which the label is the likeliest class: what the teacher got wrong is put right.',
  method: {
    paper:
      'Wen, Lai & Qian 2019: Preparing Lessons: Improve Knowledge Distillation with Better Supervision, section 3',
    url: 'https://arxiv.org/abs/1911.07471',
    formula:
      'T^2 KL(A(softmax(v / T)) || softmax(z / T)), where A exchanges the largest probability with the label’s (shift), or gives wrong rows a smoothed label (smooth)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    labels: true,
    sameShape: true,
    aliases: {
      TextBrewer: ['probability_shift'],
      KD_Lib: ['ProbShift', 'LabelSmoothReg'],
      papers: ['KA', 'PS'],
    },
    example: 'knowledge-adjustment',
    note: 'KD_Lib gives PyTorch’s kl_div the teacher first and probabilities for logarithms, which is no divergence. Of equal largest logits the first is exchanged.',
  },
  labels: true,
  temperature: 4,
  options: {
    by: z
      .enum(['shift', 'smooth'])
      .default('shift')
      .describe(
        '`shift` exchanges two probabilities of a wrong row, `smooth` replaces it by a smoothed label.',
      ),
    correct: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.9)
      .describe('With `smooth`: the probability of the label; the others share the rest.'),
  },
  create: ({ by, correct }) => ({
    compute({ soft: { z: own, v, square }, labels, mean }) {
      const target = oneHot(labels as tf.Tensor1D, v.shape[1]);
      const adjusted = by === 'shift' ? probabilityShift(v, target) : smoothWhereWrong(v, target, correct);
      return mean(tf.mul(rowDivergence(adjusted, own, kullbackLeibler), square));
    },
  }),
});
