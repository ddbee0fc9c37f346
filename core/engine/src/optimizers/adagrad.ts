// Adagrad (Duchi et al. 2011, figure 1 with the diagonal), as torch.optim.Adagrad defines it.
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../types.js';
import { checkNonNegative, checkPositive } from '../option-checks.js';
import { withL2 } from './decay.js';

export interface AdagradOptions {
  /** Added to the root in the denominator. Default 1e-10. */
  readonly epsilon?: number;
  /** What the sum of squared gradients starts from. Default 0. */
  readonly initial?: number;
  /** The rate at update `t` (from 1) is divided by `1 + (t - 1) * rateDecay`. Default 0. */
  readonly rateDecay?: number;
  /** Times the value, added to the gradient (L2), where a variable decays. Default 0. */
  readonly weightDecay?: number;
}

/** `s = s + g^2`, `w = w - rate * g / (sqrt(s) + epsilon)`. Slot: `squareSum`. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { epsilon = 1e-10, initial = 0, rateDecay = 0, weightDecay = 0 } = options;
  checkPositive('adagrad', 'epsilon', epsilon);
  checkNonNegative('adagrad', 'initial', initial);
  checkNonNegative('adagrad', 'rateDecay', rateDecay);
  checkNonNegative('adagrad', 'weightDecay', weightDecay);
  return {
    name: 'adagrad',
    slots: [{ name: 'squareSum', shape: 'variable', fill: initial }],
    update(value, gradient, slots, at) {
      const along = withL2(gradient, value, at, weightDecay);
      const squareSum = tf.add(slots.squareSum as tf.Tensor, tf.square(along));
      const rate =
        rateDecay === 0 ? at.rate : tf.div(at.rate, tf.add(tf.mul(tf.sub(at.step, 1), rateDecay), 1));
      const change = tf.div(tf.mul(along, rate), tf.add(tf.sqrt(squareSum), epsilon));
      return { value: tf.sub(value, change), slots: { squareSum } };
    },
  };
}
