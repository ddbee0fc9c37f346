// Divergences of two rows of logits, with gradients in closed form: finite for all finite logits, and exact near agreement.
import * as tf from '@tensorflow/tfjs-core';
import { logSoftmax } from './softmax.js';

/** What a divergence of two distributions gives, each [rows, classes]. */
export interface Compared {
  /** Adds up to the divergence of the row. */
  readonly each: tf.Tensor;
  /** Gradient of the row's divergence in the logits of the first distribution. */
  readonly first: tf.Tensor;
  /** In the logits of the second. */
  readonly second: tf.Tensor;
}

/** `r = log(p / q)` for each class, and both distributions: [rows, classes]. */
export type Divergence = (p: tf.Tensor, q: tf.Tensor, r: tf.Tensor) => Compared;

/** `D(softmax(first) || softmax(second))` of each row: [rows, 1], never negative. Logits [rows, classes]. */
export function rowDivergence(first: tf.Tensor, second: tf.Tensor, divergence: Divergence): tf.Tensor2D {
  const compute = tf.customGrad((...given) => {
    const [a, b, save] = given as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [p, q] = [logSoftmax(a), logSoftmax(b)];
    const r = tf.sub(tf.sub(p.shifted, q.shifted), tf.sub(p.logSum, q.logSum));
    const compared = divergence(p.probabilities, q.probabilities, r);
    save([compared.first, compared.second]);
    return {
      // Rounding may leave the sum a little below 0.
      value: tf.relu(tf.sum(compared.each, -1, true)),
      gradFunc: (dy, saved) => saved.map((slope) => tf.mul(slope, dy)),
    };
  });
  return compute(first, second) as tf.Tensor2D;
}

/**
 * Kullback-Leibler: `sum_i p_i log(p_i / q_i)`. The term of a class is `p r + q - p`, whose sum is the same and which is never
 * negative. Where the distributions nearly agree, `p r` and `q - p` cancel; with `t = tanh(r/2) = (p - q)/(p + q)` the same is
 * `(p + q) (r/2 (1 + t) - t)`, whose error is that of `r` itself.
 */
export const kullbackLeibler: Divergence = (p, q, r) => {
  const half = tf.mul(r, 0.5);
  const t = tf.tanh(half);
  const each = tf.mul(tf.add(p, q), tf.sub(tf.mul(half, tf.add(t, 1)), t));
  return { each, first: tf.mul(p, tf.sub(r, tf.sum(each, -1, true))), second: tf.sub(q, p) };
};

/**
 * Kullback-Leibler to a mixture: `sum_i p_i log(p_i / m_i)` with `m = alpha p + (1 - alpha) q`. With alpha above 0 it is finite
 * where `q` is 0, at most `-log(alpha)`.
 */
export function skewed(alpha: number): Divergence {
  return (p, q, r) => {
    // log(p / m), from exp of what is not positive, so that nothing overflows and little differences keep their digits.
    const less = tf.expm1(tf.neg(tf.abs(r)));
    const toMixture = tf.where(
      tf.greater(r, 0),
      tf.neg(tf.log1p(tf.mul(less, 1 - alpha))),
      tf.sub(r, tf.log1p(tf.mul(less, alpha))),
    );
    const mixture = tf.add(tf.mul(p, alpha), tf.mul(q, 1 - alpha));
    const ratio = tf.exp(toMixture);
    return {
      each: kullbackLeibler(p, mixture, toMixture).each,
      first: inLogits(tf.mul(p, tf.sub(toMixture, tf.mul(ratio, alpha))), p),
      second: inLogits(tf.mul(tf.mul(q, ratio), alpha - 1), q),
    };
  };
}

/** Total variation: `1/2 sum_i |p_i - q_i|`, from 0 to 1. */
export const totalVariation: Divergence = (p, q) => {
  const difference = tf.mul(tf.sub(p, q), 0.5);
  const sign = tf.mul(tf.sign(difference), 0.5);
  return {
    each: tf.abs(difference),
    first: inLogits(tf.mul(p, sign), p),
    second: inLogits(tf.neg(tf.mul(q, sign)), q),
  };
};

/** `D(q || p)` of a `D(p || q)`. */
export function reversed(divergence: Divergence): Divergence {
  return (p, q, r) => {
    const { each, first, second } = divergence(q, p, tf.neg(r));
    return { each, first: second, second: first };
  };
}

/** A sum of two divergences with weights. */
export function weightedSum(
  [a, one]: readonly [number, Divergence],
  [b, other]: readonly [number, Divergence],
): Divergence {
  return (p, q, r) => {
    const [x, y] = [one(p, q, r), other(p, q, r)];
    const sum = (key: keyof Compared) => tf.add(tf.mul(x[key], a), tf.mul(y[key], b));
    return { each: sum('each'), first: sum('first'), second: sum('second') };
  };
}

/** The gradient in logits of what has the gradient `slope / p` in the probabilities `p`. */
function inLogits(slope: tf.Tensor, p: tf.Tensor): tf.Tensor {
  return tf.sub(slope, tf.mul(p, tf.sum(slope, -1, true)));
}
