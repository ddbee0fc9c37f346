// RMSprop (Tieleman & Hinton 2012, lecture 6.5), plain and centred (Graves 2013, section 4.2), as torch.optim.RMSprop defines it.
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer, SlotSpec } from '../types.js';
import { discounted } from './bias.js';
import { checkFraction, checkNonNegative, checkPositive } from '../option-checks.js';
import { withL2 } from './decay.js';

export interface RmspropOptions {
  /** Decay of the running mean of squared gradients. Default 0.99. */
  readonly alpha?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** Share of the last velocity that is kept. Default 0: no velocity, without its slot. */
  readonly momentum?: number;
  /** Divides by the standard deviation of the gradient instead of its root mean square. Default false. */
  readonly centered?: boolean;
  /** Times the value, added to the gradient (L2), where a variable decays. Default 0. */
  readonly weightDecay?: number;
}

/**
 * `s = alpha * s + (1 - alpha) * g^2`, `w = w - rate * g / (sqrt(s) + epsilon)`; centred, `sqrt(s - m^2)` with the running
 * mean `m` of gradients. Means are kept as sums, `mean / (1 - alpha)`. Slots: `squareSum`, with momentum `velocity`
 * (times `sqrt(1 - alpha)`), centred `gradientSum`.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { alpha = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
  checkFraction('rmsprop', 'alpha', alpha);
  checkPositive('rmsprop', 'epsilon', epsilon);
  checkNonNegative('rmsprop', 'momentum', momentum);
  checkNonNegative('rmsprop', 'weightDecay', weightDecay);
  const scale = 1 / Math.sqrt(1 - alpha);
  const slot = (name: string): SlotSpec => ({ name, shape: 'variable', fill: 0 });
  return {
    name: 'rmsprop',
    slots: [
      slot('squareSum'),
      ...(centered ? [slot('gradientSum')] : []),
      ...(momentum === 0 ? [] : [slot('velocity')]),
    ],
    update(value, gradient, slots, at) {
      const along = withL2(gradient, value, at, weightDecay);
      const squareSum = discounted(slots.squareSum as tf.Tensor, tf.square(along), alpha);
      const gradientSum = centered ? discounted(slots.gradientSum as tf.Tensor, along, alpha) : undefined;
      const spread = gradientSum ? centred(squareSum, gradientSum, 1 - alpha) : squareSum;
      const root = tf.add(tf.sqrt(spread), epsilon * scale);
      const rate = tf.mul(at.rate, scale);
      const sums = { squareSum, ...(gradientSum ? { gradientSum } : {}) };
      if (momentum === 0) return { value: tf.sub(value, tf.div(tf.mul(along, rate), root)), slots: sums };
      const velocity = discounted(slots.velocity as tf.Tensor, tf.div(along, root), momentum);
      return { value: tf.sub(value, tf.mul(velocity, rate)), slots: { ...sums, velocity } };
    },
  };
}

/** `(s - m^2) / (1 - alpha)` from the sums; held at 0, below which rounding takes a gradient that stays the same. */
function centred(squareSum: tf.Tensor, gradientSum: tf.Tensor, share: number): tf.Tensor {
  return tf.relu(tf.sub(squareSum, tf.mul(tf.square(gradientSum), share)));
}
