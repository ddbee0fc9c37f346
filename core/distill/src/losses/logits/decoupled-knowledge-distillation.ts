// Decoupled knowledge distillation: how sure of the target class, and how the others compare, each with a weight of its own.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { oneHot } from '../parts/one-hot.js';

/** Enough below any logit that its exponential is 0. */
const excluded = 1e9;

/** TCKD and NCKD of each row, [rows, 1]. Logits over the temperature [rows, classes]; `target`: 1 at the label. */
function decoupled(z: tf.Tensor2D, v: tf.Tensor2D, target: tf.Tensor2D): readonly [tf.Tensor2D, tf.Tensor2D] {
  const others = (x: tf.Tensor2D) => tf.sub<tf.Tensor2D>(x, tf.mul(target, excluded));
  // Of two classes: the target, and all others together.
  const binary = (x: tf.Tensor2D) =>
    tf.concat([tf.sum(tf.mul(x, target), -1, true), tf.logSumExp(others(x), -1, true)], 1);
  return [
    rowDivergence(binary(v), binary(z), kullbackLeibler),
    rowDivergence(others(v), others(z), kullbackLeibler),
  ];
}

const weight = (published: number, what: string) => z.number().min(0).default(published).describe(what);

export const decoupledLoss: AnyComponent = logitPairLoss('decoupled-knowledge-distillation', {
  help: 'Soft targets taken apart: the target class against all others, and the others among themselves.',
  method: {
    paper: 'Zhao et al. 2022: Decoupled Knowledge Distillation, section 3',
    url: 'https://arxiv.org/abs/2203.08679',
    formula:
      'T^2 (alpha KL(b_v || b_z) + beta KL(o_v || o_z)): b the probabilities of the target class and of all others together, o those of the others among themselves',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    labels: true,
    sameShape: true,
    aliases: { mdistiller: ['DKD', 'dkd_loss'], MMRazor: ['DKDLoss'], papers: ['DKD', 'TCKD', 'NCKD'] },
    example: { use: 'decoupled-knowledge-distillation', warmup: 0 },
    note: 'mdistiller multiplies by min(epoch / 20, 1) and counts epochs from 1; here the factor rises with each update from 0. MMRazor has T = 1 and beta = 1.',
  },
  labels: true,
  temperature: 4,
  options: {
    alpha: weight(1, 'Weight of the target class against all others (TCKD).'),
    beta: weight(8, 'Weight of the others among themselves (NCKD).'),
    warmup: z
      .number()
      .min(0)
      .default(20)
      .describe('Epochs in which the loss rises from 0 in a straight line. 0: none.'),
  },
  create: ({ alpha, beta, warmup }) => ({
    compute({ soft: { z: own, v, square }, labels, mean, inputs }) {
      const target = oneHot(labels as tf.Tensor1D, own.shape[1]);
      const [tckd, nckd] = decoupled(own, v, target);
      const each = tf.add(tf.mul(tckd, alpha), tf.mul(nckd, beta));
      const value = mean(tf.mul(each, square));
      if (warmup === 0) return value;
      return tf.mul<tf.Scalar>(value, tf.minimum(tf.div(inputs.progress.epoch, warmup), 1));
    },
  }),
});
