// Limits on gradients and on weights: each takes an optimiser and gives a new one.
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../types.js';
import { checkPositive } from '../option-checks.js';
import { decays } from './decay.js';

/** Every element of every gradient is held within [-limit, limit], before `optimizer` sees it. */
export function clipByValue(optimizer: Optimizer, limit: number): Optimizer {
  checkPositive('clipByValue', 'limit', limit);
  return onGradients(optimizer, (gradients) =>
    gradients.map((gradient) => tf.clipByValue(gradient, -limit, limit)),
  );
}

/** Each gradient whose L2 norm is above `limit` is scaled down to it, before `optimizer` sees it. */
export function clipByNorm(optimizer: Optimizer, limit: number): Optimizer {
  checkPositive('clipByNorm', 'limit', limit);
  return onGradients(optimizer, (gradients) =>
    gradients.map((gradient) => tf.mul(gradient, shrink(tf.sum(tf.square(gradient)), limit))),
  );
}

/** All gradients are scaled by one factor so that their joint L2 norm is at most `limit` (Pascanu et al. 2013, section 3.2). */
export function clipByGlobalNorm(optimizer: Optimizer, limit: number): Optimizer {
  checkPositive('clipByGlobalNorm', 'limit', limit);
  return onGradients(optimizer, (gradients) => {
    if (gradients.length === 0) return gradients;
    const factor = shrink(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))), limit);
    return gradients.map((gradient) => tf.mul(gradient, factor));
  });
}

/**
 * After each update the incoming weights of each unit, all axes but the last, are scaled down to an L2 norm of at most
 * `limit` (Srivastava et al. 2014, section 5.1). Acts on variables of rank 2 and more whose `decay` is not false.
 */
export function maxNorm(optimizer: Optimizer, limit: number): Optimizer {
  checkPositive('maxNorm', 'limit', limit);
  return {
    ...optimizer,
    constrain(value, variable) {
      const inner = optimizer.constrain?.(value, variable) ?? value;
      if (value.shape.length < 2 || !decays(variable)) return inner;
      const axes = value.shape.slice(0, -1).map((_, axis) => axis);
      return tf.mul(inner, shrink(tf.sum(tf.square(inner), axes, true), limit));
    },
  };
}

/** `limit / max(norm, limit)`: 1 within the limit, without dividing by a norm of 0. */
function shrink(squaredNorm: tf.Tensor, limit: number): tf.Tensor {
  return tf.div(limit, tf.maximum(tf.sqrt(squaredNorm), limit));
}

function onGradients(
  optimizer: Optimizer,
  transform: (gradients: readonly tf.Tensor[]) => readonly tf.Tensor[],
): Optimizer {
  return {
    ...optimizer,
    transformGradients(gradients) {
      const mine = transform(gradients);
      return optimizer.transformGradients?.(mine) ?? mine;
    },
  };
}
