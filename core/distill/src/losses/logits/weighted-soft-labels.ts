// Weighted soft labels: soft targets count less where the student knows the label better than the teacher (Zhou et al. 2021).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { stopGradient } from '@potstill/engine';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { oneHot, rowCrossEntropy } from '../parts/one-hot.js';

/**
 * `1 - exp(-L_s / L_t)` of each row, [rows, 1], where L is the cross-entropy with the label at T = 1. Nothing flows back.
 * Logits as they are, [rows, classes]; `target`: 1 at the label.
 */
function softLabelWeights(z: tf.Tensor2D, v: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor {
  const ratio = tf.div(rowCrossEntropy(stopGradient(z), target), tf.add(rowCrossEntropy(v, target), 1e-7));
  return tf.neg(tf.expm1(tf.neg(tf.relu(ratio))));
}

export const weightedSoftLabelsLoss: AnyComponent = logitPairLoss('weighted-soft-labels', {
  help: 'Soft targets, each row weighted by how much worse than the teacher the student knows the label.',
  method: {
    paper:
      'Zhou et al. 2021: Rethinking Soft Labels for Knowledge Distillation: A Bias-Variance Tradeoff Perspective, section 4',
    url: 'https://arxiv.org/abs/2102.00650',
    formula:
      'T^2 (1 - exp(-log q_y / log p_y)) KL(softmax(v / T) || softmax(z / T)), p_y and q_y the label’s probabilities at T = 1, constant for the gradient',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    labels: true,
    sameShape: true,
    aliases: { MMRazor: ['WSLD'], papers: ['WSL'] },
    example: 'weighted-soft-labels',
    note: 'KL where the paper and MMRazor have the cross-entropy with the teacher, so that 0 is perfect; the gradient is the same. T = 2 with the weight 2.5 is the authors’ for ImageNet; MMRazor’s class has T = 1.',
  },
  labels: true,
  temperature: 2,
  options: {},
  create: () => ({
    compute({ z, v, soft, labels, mean }) {
      const weights = softLabelWeights(z, v, oneHot(labels as tf.Tensor1D, z.shape[1]));
      return mean(tf.mul(tf.mul(rowDivergence(soft.v, soft.z, kullbackLeibler), weights), soft.square));
    },
  }),
});
