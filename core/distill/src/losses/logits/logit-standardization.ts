// Logit standardisation: soft targets of logits with mean 0 and standard deviation 1 (Sun et al. 2024).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';

/** Rows [rows, classes] less their mean, over their standard deviation (of the population). Rows of equal numbers become 0. */
function standardize(logits: tf.Tensor2D): tf.Tensor2D {
  const centred = tf.sub(logits, tf.mean(logits, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.mul(centred, tf.rsqrt(tf.maximum(variance, 1e-14)));
}

export const logitStandardizationLoss: AnyComponent = logitPairLoss('logit-standardization', {
  help: 'Soft targets of logits that have mean 0 and standard deviation 1: only their relations count.',
  method: {
    paper: 'Sun et al. 2024: Logit Standardization in Knowledge Distillation, section 4.2',
    url: 'https://arxiv.org/abs/2403.01427',
    formula: 'T^2 KL(softmax(Z(v) / T) || softmax(Z(z) / T)), Z(x) = (x - mean x) / std x',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { torchdistill: ['LogitStdKDLoss'], papers: ['LSKD'] },
    example: 'logit-standardization',
    note: 'The standard deviation divides by the number of classes, as the paper’s algorithm does; torchdistill and the authors’ code divide by one less, which is as a temperature higher by sqrt(N / (N - 1)). The authors give this term the weight 9 beside 1 for cross-entropy.',
  },
  temperature: 2,
  prepare: standardize,
  options: {},
  create: () => ({
    compute: ({ soft: { z, v, square }, mean }) => mean(tf.mul(rowDivergence(v, z, kullbackLeibler), square)),
  }),
});
