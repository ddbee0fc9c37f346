// Centred kernel alignment with a linear kernel (Kornblith et al. 2019, section 3): a similarity measure, and the loss 1 - it.
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { centred, gram, squareSum } from '../parts/relation-matrix.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

/**
 * Linear CKA of two layers on the same examples, [n, features] and [n, others]: 1 where one is the other turned, scaled and
 * moved, towards 0 where they have nothing in common. By inner products of examples, `<K, L> / (|K| |L|)`, which equals
 * `|Y^T X|^2 / (|X^T X| |Y^T Y|)` of the centred layers. 0 where a layer is constant.
 */
export function linearAlignment(x: tf.Tensor2D, y: tf.Tensor2D): tf.Scalar {
  // Scaled so that no square overflows; the ratio does not change.
  const kernel = (layer: tf.Tensor2D) => {
    const c = centred(layer);
    return gram(tf.div<tf.Tensor2D>(c, tf.sqrt(tf.maximum(tf.mean(tf.square(c)), 1e-24))));
  };
  const [k, l] = [kernel(x), kernel(y)];
  const norms = tf.sqrt(tf.maximum(tf.mul(squareSum(k), squareSum(l)), 1e-24));
  return tf.div(tf.sum(tf.mul(k, l)), norms);
}

export const kernelAlignmentLoss: AnyComponent = vectorPairLoss('kernel-alignment', {
  help: '1 - linear CKA of two layers over the batch (Kornblith et al. 2019).',
  method: {
    paper: 'Kornblith et al. 2019: Similarity of Neural Network Representations Revisited, section 3',
    url: 'https://arxiv.org/abs/1905.00414',
    formula: '1 - <K, L> / (|K| |L|); K, L: inner products of the centred examples of student and teacher',
    family: 'relations',
    student: ['embedding', 'feature map', 'hidden states'],
    teacher: ['embedding', 'feature map', 'hidden states'],
    aliases: { papers: ['CKA', 'linear CKA'] },
    example: { use: 'kernel-alignment' },
    note: 'The paper measures with it; as a loss it is 1 minus the measure. The estimate is of the batch: it is biased upwards where the batch is smaller than the layers are wide.',
  },
  options: {},
  compute: (z, v) => tf.sub<tf.Scalar>(1, linearAlignment(z, v)),
});
