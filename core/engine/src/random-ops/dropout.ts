// Inverted dropout (Srivastava et al. 2014, section 10): scaled while training, the identity elsewhere.
import * as tf from '@tensorflow/tfjs-core';
import type { StepContext } from '../types.js';

/**
 * Zeroes each element of `x` with probability `rate` (0 <= rate < 1) and divides the others by `1 - rate`.
 * Returns `x` itself when not training. The mask comes from the step's random streams, so it differs at every step.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, at: StepContext): T {
  if (!at.training || rate === 0) return x;
  const mask = at.random.keepMask(x.shape, rate);
  return tf.mul(x, tf.mul(mask, 1 / (1 - rate)));
}
