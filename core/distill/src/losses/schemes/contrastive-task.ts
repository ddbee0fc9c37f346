// The task that needs no label: of which image is this the rotation? (Xu et al. 2020, "Knowledge distillation meets self-supervision").
import { stopGradient } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { diagonal, unit } from '../parts/relation-matrix.js';
import { rowCrossEntropy } from '../parts/one-hot.js';

/** Copies of each image beside the image itself. */
const turns = 3;

/** The first `rows / 4` rows, of the images as they are, and the others, of the transformed ones. */
export function halves(rows: tf.Tensor2D): { normal: tf.Tensor2D; transformed: tf.Tensor2D } {
  const [all, width] = rows.shape;
  const count = all / (turns + 1);
  return {
    normal: tf.slice(rows, [0, 0], [count, width]),
    transformed: tf.slice(rows, [count, 0], [turns * count, width]),
  };
}

/** What a head says of [4 batch, width] rows, as cosines of each transformed image with each image: [3 batch, batch]. */
export function likeness(rows: tf.Tensor2D): tf.Tensor2D {
  const { normal, transformed } = halves(rows);
  return tf.matMul(unit(transformed), unit(normal), false, true);
}

/** Which image each transformed one was made of, as rows with a one: [3 batch, batch]. */
export function origins(batch: number): tf.Tensor2D {
  return tf.tile(tf.reshape(diagonal(batch), [batch, batch]), [turns, 1]);
}

/** Cross-entropy of the cosines with the image that each was made of, mean over the transformed images: what a head is trained by. */
export function contrastiveTask(cosines: tf.Tensor2D): tf.Scalar {
  return tf.mean<tf.Scalar>(rowCrossEntropy(cosines, origins(cosines.shape[1])));
}

/**
 * Which rows of the teacher's scores [rows, n] are learnt, as what each counts in their mean: float32 [rows, 1]. All in which the truth
 * (`target` [rows, n], rows with a one) is ranked first, and of the others the `ratio`, rounded down, in which it is ranked highest; of equal
 * rank the first. Zeros where none is.
 */
export function leastWrong(scores: tf.Tensor2D, target: tf.Tensor2D, ratio: number): tf.Tensor {
  const [rows] = scores.shape;
  const given = stopGradient(scores);
  const own = tf.sum(tf.mul(given, target), 1, true);
  const rank = tf.sum(tf.cast(tf.greater(given, own), 'float32'), 1, true);
  const wrong = tf.sum(tf.cast(tf.greater(rank, 0), 'float32'));
  const kept = tf.add(tf.sub(rows, wrong), tf.floor(tf.mul(wrong, ratio)));
  // Rank and then place in the batch, as one number that no two rows share.
  const key = tf.add(tf.mul(rank, rows), tf.cumsum(tf.ones([rows, 1]), 0));
  const place = tf.sum(tf.cast(tf.less(tf.reshape(key, [1, rows]), key), 'float32'), 1, true);
  return tf.div(tf.cast(tf.less(place, kept), 'float32'), tf.maximum(kept, 1));
}
