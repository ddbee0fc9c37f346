// Distances between all examples of a batch, and the loss that compares them.
import * as tf from '@tensorflow/tfjs-core';
import { centred, diagonal, gram } from './relation-matrix.js';

/** Squared distances below it count as it, so that the square root has a gradient. */
const least = 1e-12;

/** Inner products of the rows about their mean, and the distances that follow from them: [n, n], 0 on the diagonal. */
export interface Geometry {
  readonly products: tf.Tensor2D;
  readonly distances: tf.Tensor2D;
}

/** Distances do not change when all vectors move by the same: their mean is taken away first, for the sake of rounding. */
export function geometry(x: tf.Tensor2D): Geometry {
  const n = x.shape[0];
  const products = gram(centred(x));
  const squares = tf.sum(tf.mul(products, diagonal(n)), 1);
  const squared = tf.sub(
    tf.add(tf.reshape(squares, [n, 1]), tf.reshape(squares, [1, n])),
    tf.mul(products, 2),
  );
  const others = tf.sub(1, diagonal(n));
  return { products, distances: tf.mul(tf.sqrt(tf.maximum(squared, least)), others) };
}

/** Huber's function at 1 of the difference: half its square up to 1, linear beyond. Element by element. */
export function smoothL1(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const size = tf.abs(tf.sub(a, b));
  const within = tf.minimum(size, 1);
  return tf.mul(within, tf.sub(size, tf.mul(within, 0.5)));
}
