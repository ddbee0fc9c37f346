// Matrices that say how vectors relate to each other: inner products and cosines of all pairs.
import * as tf from '@tensorflow/tfjs-core';

/** Rows whose length is below it keep a length near 0, as in PyTorch's `normalize`. */
const least = 1e-12;

/** Euclidean length of each vector of the last axis, kept axis, at least 1e-12. Its gradient is finite (0) where that is 0. */
export function lengths(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), least ** 2));
}

/** Vectors of the last axis at length 1; 0 stays 0. */
export function unit<T extends tf.Tensor>(x: T): T {
  return tf.div<T>(x, lengths(x));
}

/** Inner products of all rows: [..., n, features] to [..., n, n]. */
export function gram<T extends tf.Tensor>(x: T): T {
  return tf.matMul(x, x, false, true);
}

/** Rows minus their mean. */
export function centred(x: tf.Tensor2D): tf.Tensor2D {
  return tf.sub<tf.Tensor2D>(x, tf.mean(x, 0, true));
}

/** 1 on the diagonal of [n, n], 0 elsewhere: float32. */
export function diagonal(n: number): tf.Tensor2D {
  const places = tf.range(0, n, 1, 'int32');
  return tf.cast<tf.Tensor2D>(tf.equal(tf.reshape(places, [n, 1]), tf.reshape(places, [1, n])), 'float32');
}

/** Sum of the squares of all numbers. */
export function squareSum(x: tf.Tensor): tf.Scalar {
  return tf.sum(tf.square(x));
}
