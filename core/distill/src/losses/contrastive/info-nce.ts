// Contrastive with in-batch negatives: the student's embedding picks the teacher's of the same example (InfoNCE).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { diagonal, unit } from '../parts/relation-matrix.js';
import { logSoftmax } from '../parts/softmax.js';
import { similarityOption, type Similarity } from '../parts/similarity.js';

interface InfoNceOptions {
  readonly temperature: number;
  readonly similarity: Similarity;
  /** Also the other way: the teacher's embedding picks the student's. */
  readonly symmetric: boolean;
}

/**
 * `- log softmax over j of (s(z_i, v_j) / temperature)` at `j = i`, mean over the batch; `symmetric`: the mean of that and of
 * the same with both exchanged.
 */
function infoNce(student: tf.Tensor2D, teacher: tf.Tensor2D, options: InfoNceOptions): tf.Scalar {
  const { temperature, similarity, symmetric } = options;
  const ready = (x: tf.Tensor2D) => (similarity === 'cosine' ? unit(x) : x);
  const scores = tf.div<tf.Tensor2D>(tf.matMul(ready(student), ready(teacher), false, true), temperature);
  const picked = (rows: tf.Tensor2D) => {
    const { shifted, logSum } = logSoftmax(rows);
    return tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(tf.sub(shifted, logSum), diagonal(rows.shape[0])), 1)));
  };
  if (!symmetric) return picked(scores);
  return tf.mul(tf.add(picked(scores), picked(tf.transpose(scores))), 0.5);
}

export const infoNceLoss: AnyComponent = layerPairLoss('info-nce', {
  help: 'The student’s embedding picks the teacher’s of the same example out of the batch (InfoNCE).',
  method: {
    paper:
      'van den Oord, Li & Vinyals 2018: Representation Learning with Contrastive Predictive Coding, section 2.3',
    url: 'https://arxiv.org/abs/1807.03748',
    formula: '- mean over i of log softmax over j of (cos(z_i, v_j) / T) at j = i',
    family: 'contrastive',
    student: ['embedding'],
    teacher: ['embedding'],
    aliases: {
      papers: ['InfoNCE'],
      'sentence-transformers': ['MultipleNegativesRankingLoss', 'MultipleNegativesSymmetricRankingLoss'],
    },
    example: { use: 'info-nce', student: 'features', teacher: 'features' },
    note: 'The negatives are the other examples of the batch: larger batches give more. sentence-transformers writes the temperature as a scale, 20 for 0.05.',
  },
  forms: ['a vector [channels]'],
  defaults: { student: 'features', teacher: 'features' },
  connector: 'auto',
  options: {
    temperature: z.number().positive().default(0.05).describe('Divides the similarities before the softmax.'),
    similarity: similarityOption('cosine'),
    symmetric: z
      .boolean()
      .default(false)
      .describe('Also let the teacher’s embedding pick the student’s, and take the mean of both.'),
  },
  create:
    (options) =>
    ({ student, teacher }) =>
      infoNce(student as tf.Tensor2D, teacher as tf.Tensor2D, options),
});
