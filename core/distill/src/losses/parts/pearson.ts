// Pearson's correlation of two tensors along an axis.
import * as tf from '@tensorflow/tfjs-core';

/** Below this standard deviation numbers are taken as constant, and their correlation as 0. */
const least = 1e-8;

/**
 * Correlation of `a` and `b`, of one shape, along `axis`, which is kept with length 1. `share`: what each entry along the axis
 * counts, of sum 1, broadcast over the others. 0, with a gradient of 0, where either is constant.
 */
export function pearson(a: tf.Tensor, b: tf.Tensor, axis: number, share?: tf.Tensor): tf.Tensor {
  const mean = (x: tf.Tensor) =>
    share === undefined ? tf.mean(x, axis, true) : tf.sum(tf.mul(x, share), axis, true);
  const [x, y] = [tf.sub(a, mean(a)), tf.sub(b, mean(b))];
  const inverse = (c: tf.Tensor) => tf.rsqrt(tf.maximum(mean(tf.square(c)), least ** 2));
  return tf.mul(mean(tf.mul(x, y)), tf.mul(inverse(x), inverse(y)));
}
