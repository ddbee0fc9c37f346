// Relational KD by distance: distances between the examples of a batch (Park et al. 2019, section 3.2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { geometry, smoothL1 } from '../parts/distances.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

/** Distances in units of their mean over the pairs of different examples: [n, n]. */
function relative(x: tf.Tensor2D): tf.Tensor2D {
  const { distances } = geometry(x);
  const pairs = Math.max(1, x.shape[0] * (x.shape[0] - 1));
  return tf.div<tf.Tensor2D>(distances, tf.maximum(tf.div(tf.sum(distances), pairs), 1e-12));
}

/** Mean over all `n^2` pairs of Huber's function of the difference of the relative distances. */
function relationalDistance(z: tf.Tensor2D, v: tf.Tensor2D): tf.Scalar {
  return tf.mean(smoothL1(relative(z), relative(v)));
}

export const relationalDistanceLoss: AnyComponent = vectorPairLoss('relational-distance', {
  help: 'Distances between the batch’s examples, in units of their mean (RKD-D, Park et al. 2019).',
  method: {
    paper: 'Park et al. 2019: Relational Knowledge Distillation, section 3.2.1',
    url: 'https://arxiv.org/abs/1904.05068',
    formula: 'mean over pairs huber(|v_i - v_j| / mean |v - v| - |z_i - z_j| / mean |z - z|)',
    family: 'relations',
    student: ['embedding', 'feature map', 'hidden states'],
    teacher: ['embedding', 'feature map', 'hidden states'],
    aliases: {
      papers: ['RKD', 'RKD-D'],
      torchdistill: ['RKDLoss'],
      mdistiller: ['RKD'],
      MMRazor: ['DistanceWiseRKD'],
    },
    example: { use: 'relational-distance' },
    note: 'torchdistill’s RKDLoss adds `relational-angle`. The mean is over all n^2 pairs, as in the authors’ code, where the paper writes a sum; the weight 25 of benchmarks belongs to it.',
  },
  options: {},
  compute: relationalDistance,
});
