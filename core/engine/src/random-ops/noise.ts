// Additive noise while training (Bishop 1995, "Training with noise is equivalent to Tikhonov regularization").
import * as tf from '@tensorflow/tfjs-core';
import { checkNonNegative } from '../option-checks.js';
import type { StepContext } from '../types.js';

/**
 * Adds normal noise of standard deviation `stddev` (in the units of `x`, at least 0, else ENGINE_OPTION) to each element.
 * Returns `x` itself when not training.
 */
export function gaussianNoise<T extends tf.Tensor>(x: T, stddev: number, at: StepContext): T {
  checkNonNegative('gaussianNoise', 'stddev', stddev);
  if (!at.training || stddev === 0) return x;
  return tf.add(x, tf.mul(at.random.normal(x.shape), stddev));
}
