// A projector, batch norms and a logarithm: SRD (Miles & Mikolajczyk 2024).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';

/** As in batch norm. */
const epsilon = 1e-5;

/** Each feature of [batch, features] at mean 0 and deviation 1 over the batch. */
function normalised(x: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, 0, true));
  return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 0, true), epsilon)));
}

/** `log(sum |n(z) - n(v)|^exponent)` over batch and features, n a batch norm without parameters: a scalar. */
function logSumOfPowers(z: tf.Tensor, v: tf.Tensor, exponent: number): tf.Scalar {
  const difference = tf.abs(tf.sub(normalised(z), normalised(v)));
  const powers = exponent === 4 ? tf.square(tf.square(difference)) : tf.pow(difference, exponent);
  // A batch of one has no differences.
  return tf.log(tf.add(tf.sum(powers), 1e-12));
}

export const logSumProjector: AnyComponent = layerPairLoss('log-sum-projector', {
  help: 'Logarithm of the summed powers of differences after a projector and batch norm (SRD, Miles & Mikolajczyk 2024).',
  method: {
    paper: 'Miles & Mikolajczyk 2024: Understanding the Role of the Projector in Knowledge Distillation',
    url: 'https://arxiv.org/abs/2303.11098',
    formula: 'log(sum |n(W z) - n(v)|^a) over batch and features, n batch norm, W the projector',
    family: 'features',
    student: ['embedding'],
    teacher: ['embedding'],
    aliases: { papers: ['SRD'], torchdistill: ['SRDLoss'] },
    example: { use: 'log-sum-projector', student: 'features', teacher: 'features', weight: 2 },
    note: 'torchdistill’s SRDLoss is twice this plus the KL divergence of the logits: write `soft-targets` as a second loss. Its default exponent is 1, that of its recipe and of the authors 4. Batch norm here has no parameters.',
  },
  forms: ['a vector [channels]'],
  defaults: { student: 'features', teacher: 'features' },
  options: {
    exponent: z.number().positive().default(4).describe('a: the power of each difference.'),
  },
  connector: 'linear',
  create:
    ({ exponent }) =>
    ({ student, teacher }) =>
      logSumOfPowers(student, teacher, exponent),
});
