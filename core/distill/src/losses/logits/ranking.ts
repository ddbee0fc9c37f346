// Ranking losses: the student shall put the teacher's likeliest classes in the teacher's order.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, Method } from '../../contracts/index.js';
import { logitPairLoss, type LogitPair } from '../parts/logit-pair.js';
import { takeColumns } from '../parts/sort.js';

/** Probabilities of the teacher that differ by less are no preference. */
const least = 1e-8;

/**
 * The mean of `each` over all pairs (k, l) of the teacher's `top` likeliest classes of which it prefers k, of all rows
 * together. `each(own, theirs)` gets [rows, top, top] of k's less l's: of the student's numbers and of the teacher's
 * probabilities.
 */
function meanOfPairs(
  { v, share }: LogitPair,
  numbers: tf.Tensor2D,
  top: number,
  each: (own: tf.Tensor, theirs: tf.Tensor) => tf.Tensor,
): tf.Scalar {
  const { values, indices } = tf.topk(tf.softmax(v), Math.min(top, v.shape[1]));
  const differences = (x: tf.Tensor) => tf.sub(tf.expandDims(x, 2), tf.expandDims(x, 1));
  const theirs = differences(values);
  const preferred = tf.cast(tf.greater(theirs, least), 'float32');
  const counts = tf.mul(preferred, tf.expandDims(share, 2));
  const sum = tf.sum(tf.mul(each(differences(takeColumns(numbers, indices)), theirs), counts));
  // Without pairs 0, and NaN where the teacher is not finite.
  const pairs = tf.add(tf.sum(counts), tf.mul(tf.sum(theirs), 0));
  return tf.div(sum, tf.where(tf.equal(pairs, 0), tf.onesLike(pairs), pairs));
}

const method = {
  paper: 'Goddard 2024: DistillKit; pairs as in Burges et al. 2005: Learning to Rank using Gradient Descent',
  url: 'https://github.com/arcee-ai/DistillKit',
  family: 'logits',
  student: ['logits'],
  teacher: ['logits'],
} satisfies Partial<Method>;

const top = z
  .int()
  .min(2)
  .default(32)
  .describe('The teacher’s likeliest classes that are compared. Memory is its square a row.');

export const hingeRankingLoss: AnyComponent = logitPairLoss('hinge-ranking', {
  help: 'Each pair of the teacher’s likeliest classes shall be as far apart in the student’s probabilities.',
  method: {
    ...method,
    formula:
      'mean over pairs with p_k > p_l of max(0, margin - (q_k - q_l)); margin p_k - p_l where none is given',
    sameShape: true,
    aliases: { DistillKit: ['hinge', 'HingeLoss'] },
    example: 'hinge-ranking',
    note: 'DistillKit compares the classes that its store of the teacher kept. The mean is over all pairs of the batch.',
  },
  options: {
    top,
    margin: z
      .number()
      .positive()
      .optional()
      .describe('How far apart the student’s probabilities shall be. Default: as far as the teacher’s.'),
  },
  create: ({ top: count, margin }) => ({
    compute: (pair) =>
      meanOfPairs(pair, tf.softmax(pair.z), count, (own, theirs) => tf.relu(tf.sub(margin ?? theirs, own))),
  }),
});

export const logisticRankingLoss: AnyComponent = logitPairLoss('logistic-ranking', {
  help: 'Logistic loss of each pair of the teacher’s likeliest classes: the likelier shall have the larger logit.',
  method: {
    ...method,
    formula: 'mean over pairs with p_k > p_l of log(1 + exp(-(z_k - z_l)))',
    aliases: { DistillKit: ['logistic_ranking', 'LogisticRankingLoss'] },
    example: 'logistic-ranking',
    note: 'Only the order of the teacher’s classes counts: the loss is not 0 where both are the same. The mean is over all pairs of the batch.',
  },
  options: { top },
  create: ({ top: count }) => ({
    compute: (pair) => meanOfPairs(pair, pair.z, count, (own) => tf.softplus(tf.neg(own))),
  }),
});
