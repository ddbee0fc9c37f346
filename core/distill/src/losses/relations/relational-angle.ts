// Relational KD by angle: angles between triples of a batch's examples (Park et al. 2019, section 3.2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { geometry, smoothL1 } from '../parts/distances.js';
import { diagonal } from '../parts/relation-matrix.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

/**
 * Cosine of the angle at example `j` between examples `i` and `k`: [n, n, n] by j, i, k; 0 where two of them are one. By inner
 * products `g` about the mean, `<x_i - x_j, x_k - x_j> = g_ik - g_ij - g_jk + g_jj`, which needs no vectors of all pairs.
 */
function angles(x: tf.Tensor2D): tf.Tensor {
  const n = x.shape[0];
  const { products, distances } = geometry(x);
  const own = tf.sum(tf.mul(products, diagonal(n)), 1);
  const inner = tf.add(
    tf.sub(
      tf.sub(tf.reshape(products, [1, n, n]), tf.reshape(products, [n, n, 1])),
      tf.reshape(products, [n, 1, n]),
    ),
    tf.reshape(own, [n, 1, 1]),
  );
  const others = tf.sub(1, diagonal(n));
  const inverse = tf.div(others, tf.add(distances, diagonal(n)));
  return tf.mul(inner, tf.mul(tf.reshape(inverse, [n, n, 1]), tf.reshape(inverse, [n, 1, n])));
}

/** Mean over all `n^3` triples of Huber's function of the difference of the cosines. */
function relationalAngle(z: tf.Tensor2D, v: tf.Tensor2D): tf.Scalar {
  return tf.mean(smoothL1(angles(z), angles(v)));
}

export const relationalAngleLoss: AnyComponent = vectorPairLoss('relational-angle', {
  help: 'Angles between triples of the batch’s examples (RKD-A, Park et al. 2019).',
  method: {
    paper: 'Park et al. 2019: Relational Knowledge Distillation, section 3.2.2',
    url: 'https://arxiv.org/abs/1904.05068',
    formula: 'mean over triples huber(cos(v_i - v_j, v_k - v_j) - cos(z_i - z_j, z_k - z_j))',
    family: 'relations',
    student: ['embedding', 'feature map', 'hidden states'],
    teacher: ['embedding', 'feature map', 'hidden states'],
    aliases: {
      papers: ['RKD', 'RKD-A'],
      torchdistill: ['RKDLoss'],
      mdistiller: ['RKD'],
      MMRazor: ['AngleWiseRKD'],
    },
    example: { use: 'relational-angle' },
    note: 'torchdistill’s RKDLoss adds `relational-distance`. The mean is over all n^3 triples, as in the authors’ code, where the paper writes a sum; the weight 50 of benchmarks belongs to it. Memory grows with the cube of the batch.',
  },
  options: {},
  compute: relationalAngle,
});
