// Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms", program 1).
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../types.js';
import { discounted } from './bias.js';
import { checkFraction, checkNonNegative } from '../option-checks.js';
import { shrunk } from './decay.js';

export interface LionOptions {
  /** Share of the running mean in the direction of a step. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of gradients. Default 0.99. */
  readonly beta2?: number;
  /** The share of the value, times the rate, taken off at each update, where a variable decays. Default 0. */
  readonly weightDecay?: number;
}

/**
 * `w = w * (1 - rate * weightDecay) - rate * sign(beta1 * m + (1 - beta1) * g)`, then `m = beta2 * m + (1 - beta2) * g`.
 * Every weight moves by the whole rate, so rates are three to ten times smaller than Adam's and decay larger by as much.
 * Slot: `gradientSum`, the mean divided by `1 - beta2`.
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  checkFraction('lion', 'beta1', beta1);
  checkFraction('lion', 'beta2', beta2);
  checkNonNegative('lion', 'weightDecay', weightDecay);
  // Of the direction only the sign counts, so it is divided by `1 - beta1`: g + share * sum, with the sum before this step.
  const share = (beta1 * (1 - beta2)) / (1 - beta1);
  return {
    name: 'lion',
    slots: [{ name: 'gradientSum', shape: 'variable', fill: 0 }],
    update(value, gradient, slots, at) {
      const before = slots.gradientSum as tf.Tensor;
      const gradientSum = discounted(before, gradient, beta2);
      // Written with the next sum in place of the gradient, so that the product that makes a gradient can make the sum.
      const direction = tf.sign(tf.sub(gradientSum, tf.mul(before, beta2 - share)));
      return {
        value: tf.sub(shrunk(value, at, weightDecay), tf.mul(direction, at.rate)),
        slots: { gradientSum },
      };
    },
  };
}
