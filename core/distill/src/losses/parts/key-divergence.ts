// KL divergence of distributions over keys, some of which do not count.
import * as tf from '@tensorflow/tfjs-core';
import { logSoftmax } from './softmax.js';

/** Low enough that its exponential is 0 beside any score, and finite, so that 0 times it is 0. */
const excluded = -1e9;
const least = 1e-12;

interface Distribution {
  readonly probabilities: tf.Tensor;
  readonly logarithms: tf.Tensor;
}

/** Softmax over the last axis, of the keys that count (where `keys`, broadcast, is above 0). */
export function ofScores(scores: tf.Tensor, keys?: tf.Tensor): Distribution {
  const counted =
    keys === undefined ? scores : tf.where(tf.greater(keys, 0), scores, tf.fill(scores.shape, excluded));
  const { shifted, logSum, probabilities } = logSoftmax(counted);
  return { probabilities, logarithms: tf.sub(shifted, logSum) };
}

/** Probabilities as they are; their logarithms are those of at least 1e-12. */
export function ofProbabilities(probabilities: tf.Tensor): Distribution {
  return { probabilities, logarithms: tf.log(tf.maximum(probabilities, least)) };
}

/** `sum over keys of p log(p / q)`, [..., 1]: `p` the teacher's, `q` the student's. */
export function keyDivergence(student: Distribution, teacher: Distribution): tf.Tensor {
  const ratio = tf.sub(teacher.logarithms, student.logarithms);
  return tf.sum(tf.mul(teacher.probabilities, ratio), -1, true);
}

/** Mean of numbers [batch, heads, length, 1] over the heads and the queries [batch, 1, length, 1] that count. */
export function queryMean(each: tf.Tensor, queries: tf.Tensor): tf.Scalar {
  const total = tf.mul(tf.sum(queries), each.shape[1] ?? 1);
  return tf.div(tf.sum(tf.mul(each, queries)), tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}
