// Probabilistic knowledge transfer: whom an example would pick as its neighbour (Passalis & Tefas 2018, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { diagonal, gram, unit } from '../parts/relation-matrix.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

interface ProbabilisticOptions {
  /** Whether an example may pick itself. */
  readonly self: boolean;
  /** Added within the logarithm. */
  readonly epsilon: number;
}

/** Row `i`: probabilities of its neighbours, by the cosine moved to 0..1. */
function neighbours(x: tf.Tensor2D, { self }: ProbabilisticOptions): tf.Tensor2D {
  const affinity = tf.mul(tf.add(gram(unit(x)), 1), 0.5);
  const counted = self ? affinity : tf.mul(affinity, tf.sub(1, diagonal(x.shape[0])));
  return tf.div<tf.Tensor2D>(counted, tf.maximum(tf.sum(counted, 1, true), 1e-12));
}

/** Mean over the examples of `sum over j of p log(p / q)`; `p` the teacher's neighbours, `q` the student's. */
function probabilisticTransfer(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  options: ProbabilisticOptions,
): tf.Scalar {
  const { epsilon } = options;
  const [p, q] = [neighbours(teacher, options), neighbours(student, options)];
  const ratio = tf.div(tf.add(p, epsilon), tf.add(q, epsilon));
  return tf.mean(tf.sum(tf.mul(p, tf.log(ratio)), 1));
}

export const probabilisticTransferLoss: AnyComponent = vectorPairLoss('probabilistic-transfer', {
  help: 'Probabilities of an example’s neighbours within the batch (PKT, Passalis & Tefas 2018).',
  method: {
    paper:
      'Passalis & Tefas 2018: Learning Deep Representations with Probabilistic Knowledge Transfer, section 3',
    url: 'https://arxiv.org/abs/1803.10837',
    formula: 'mean over i of sum over j of p_ij log(p_ij / q_ij); p_ij = (1 + cos(v_i, v_j)) / sum over j',
    family: 'relations',
    student: ['embedding', 'feature map', 'hidden states'],
    teacher: ['embedding', 'feature map', 'hidden states'],
    aliases: { papers: ['PKT'], torchdistill: ['PKTLoss'], mdistiller: ['PKT'] },
    example: { use: 'probabilistic-transfer' },
    note: 'The paper’s divergence is a sum over the others, j other than i. The authors’ code and torchdistill let an example pick itself (`self: true`) and take the mean over all n^2 pairs: their weight 30000 is 30000 / n here, n the batch.',
  },
  options: {
    self: z
      .boolean()
      .default(false)
      .describe('Whether an example counts as its own neighbour, as in the authors’ code.'),
    epsilon: z.number().min(0).default(1e-7).describe('Added to both probabilities within the logarithm.'),
  },
  compute: probabilisticTransfer,
});
