// DIST: the probabilities need only correlate, over the classes of an example and over the examples of a class (Huang et al. 2022).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss, type LogitPair } from '../parts/logit-pair.js';
import { pearson } from '../parts/pearson.js';

/** Weights of the two relations. */
interface DistWeights {
  readonly inter: number;
  readonly intra: number;
}

/**
 * `inter (1 - rho over the classes, mean of the rows) + intra (1 - rho over the rows, mean of the classes)`, times T^2, of the
 * softmax at the temperature. A correlation of constant numbers is 0: over the rows, where there is one.
 */
export function dist({ soft, mean, share }: LogitPair, { inter, intra }: DistWeights): tf.Scalar {
  const [p, q] = [tf.softmax(soft.v), tf.softmax(soft.z)];
  const one = tf.ones<tf.Rank.R2>([p.shape[0], 1]);
  const ofRows = mean(tf.mul(tf.sub(1, pearson(q, p, 1)), soft.square));
  const ofClasses = tf.mul(tf.sub(1, tf.mean(pearson(q, p, 0, share))), mean(tf.mul(one, soft.square)));
  return tf.add(tf.mul(ofRows, inter), tf.mul(ofClasses, intra));
}

export const distWeights = {
  inter: z.number().min(0).default(1).describe('Weight of the correlation over the classes of an example.'),
  intra: z.number().min(0).default(1).describe('Weight of the correlation over the examples of a class.'),
};

export const distLoss: AnyComponent = logitPairLoss('dist', {
  help: 'One minus the correlation of the probabilities, over classes and over examples (Huang et al. 2022).',
  method: {
    paper: 'Huang et al. 2022: Knowledge Distillation from A Stronger Teacher, section 3',
    url: 'https://arxiv.org/abs/2205.10536',
    formula:
      'T^2 (inter mean_rows (1 - rho(p_i, q_i)) + intra mean_classes (1 - rho(p_c, q_c))), rho Pearson’s, p = softmax(v / T), q = softmax(z / T)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { torchdistill: ['DISTLoss'], MMRazor: ['DISTLoss'], papers: ['DIST'] },
    example: 'dist',
  },
  temperature: 1,
  options: distWeights,
  create: (weights) => ({ compute: (pair) => dist(pair, weights) }),
});
