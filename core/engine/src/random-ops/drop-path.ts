// Stochastic depth (Huang et al. 2016, section 3): whole branches of a residual network left out while training.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { checkFraction } from '../option-checks.js';
import type { StepContext } from '../types.js';

/**
 * Zeroes the examples of `x` (its first axis), each with probability `rate` (0 <= rate < 1, else ENGINE_OPTION), and divides the
 * others by `1 - rate`, so that nothing is left to scale when not training: then it gives `x` itself. For the branch of
 * a residual block: `shortcut + dropPath(branch(shortcut), rate, at)`.
 */
export function dropPath<T extends tf.Tensor>(x: T, rate: number, at: StepContext): T {
  checkFraction('dropPath', 'rate', rate);
  if (!at.training || rate === 0) return x;
  const [batch, ...inner] = x.shape;
  if (batch === undefined) throw new EngineError('ENGINE_SHAPE', 'dropPath: a scalar has no example axis');
  const mask = at.random.keepMask([batch, ...inner.map(() => 1)], rate);
  return tf.mul(x, tf.mul(mask, 1 / (1 - rate)));
}
