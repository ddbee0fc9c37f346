// LAMB (You et al. 2020, "Large batch optimization for deep learning", algorithm 2).
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../types.js';
import { correction, discounted } from './bias.js';
import { checkFraction, checkNonNegative, checkPositive } from '../option-checks.js';
import { decayOf, decays } from './decay.js';

export interface LambOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-6. */
  readonly epsilon?: number;
  /** The share of the value, times rate and trust ratio, taken off at each update, where a variable decays. Default 0.01. */
  readonly weightDecay?: number;
}

/**
 * With Adam's direction `r` and `u = r + weightDecay * w`: `w = w - rate * (|w| / |u|) * u`, the norms over the whole
 * variable and their ratio 1 where one of them is 0. Variables that do not decay (biases, scales) take `w - rate * r`, as in
 * the authors' code: the norm of a bias says nothing. Slots: `gradientSum`, `squareSum`, as Adam's.
 */
export function lamb(options: LambOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0.01 } = options;
  checkFraction('lamb', 'beta1', beta1);
  checkFraction('lamb', 'beta2', beta2);
  checkPositive('lamb', 'epsilon', epsilon);
  checkNonNegative('lamb', 'weightDecay', weightDecay);
  return {
    name: 'lamb',
    slots: [
      { name: 'gradientSum', shape: 'variable', fill: 0 },
      { name: 'squareSum', shape: 'variable', fill: 0 },
    ],
    update(value, gradient, slots, at) {
      const gradientSum = discounted(slots.gradientSum as tf.Tensor, gradient, beta1);
      const squareSum = discounted(slots.squareSum as tf.Tensor, tf.square(gradient), beta2);
      const { factor, floor } = correction({ beta1, beta2, epsilon }, at.step);
      // All of it divided by `factor`, which the trust ratio does not see.
      const direction = tf.div(gradientSum, tf.add(tf.sqrt(squareSum), floor));
      const decay = decayOf(at, weightDecay);
      const along = decay === 0 ? direction : tf.add(direction, tf.mul(value, tf.div(decay, factor)));
      const length = decays(at.variable) ? trusted(value, along, factor) : factor;
      return {
        value: tf.sub(value, tf.mul(along, tf.mul(at.rate, length))),
        slots: { gradientSum, squareSum },
      };
    },
  };
}

/** `|value| / |along|`, or `otherwise` where one of the two is 0. */
function trusted(value: tf.Tensor, along: tf.Tensor, otherwise: tf.Tensor): tf.Tensor {
  const of = tf.sqrt(tf.sum(tf.square(value)));
  const by = tf.sqrt(tf.sum(tf.square(along)));
  const some = tf.greater(tf.mul(of, by), 0);
  return tf.where(some, tf.div(of, tf.where(some, by, tf.onesLike(by))), otherwise);
}
