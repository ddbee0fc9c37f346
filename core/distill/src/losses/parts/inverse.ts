// The inverse of a matrix, by products alone: there is no kernel that solves.
import * as tf from '@tensorflow/tfjs-core';
import { diagonal } from './relation-matrix.js';

/** Each step squares what is missing: enough for matrices whose largest row sum is some 10^5 times their least eigenvalue. */
const steps = 22;

/**
 * The inverse of a symmetric positive definite matrix [n, n], by the iteration of Newton and Schulz: `X <- X (2 - M X)` from
 * `X = I / |M|`, with the largest row sum as `|M|`, from which it converges always. No gradient is meant to pass.
 */
export function inverse(matrix: tf.Tensor2D): tf.Tensor2D {
  const [n] = matrix.shape;
  const identity = diagonal(n);
  const size = tf.max(tf.sum(tf.abs(matrix), 1));
  let x = tf.div<tf.Tensor2D>(identity, size);
  for (let step = 0; step < steps; step++)
    x = tf.matMul(x, tf.sub<tf.Tensor2D>(tf.mul(identity, 2), tf.matMul(matrix, x)));
  return x;
}
