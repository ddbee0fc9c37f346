// Running averages of the weights (Polyak & Juditsky 1992; exponential as in Tarvainen & Valpola 2017, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { Optimizer } from '../types.js';
import { checkFraction } from '../option-checks.js';

/** The slot that holds the average of a variable. */
export const averageSlot = 'average';

export interface AveragedOptions {
  /**
   * A decay that grows with the updates, `(t - 1) / (t + 8)` at update `t`, until it reaches the full one: the average then
   * follows closely at the start and does not drag the first weights along. Default false.
   */
  readonly warmUp?: boolean;
}

/**
 * The same rule with an exponential average of each weight beside it, `a = decay * a + (1 - decay) * w`, taken after limits
 * such as max-norm and beginning with the weight after the first update. `session.predictor(forward, { weights: 'average' })` and
 * `session.sync({ weights: 'average' })` use it; training itself does not. Slot: `average`.
 * Errors: `ENGINE_OPTION` for a decay outside 0 <= decay < 1, or an optimiser that is averaged already.
 */
export function averaged(
  optimizer: Optimizer,
  decay: number,
  { warmUp = false }: AveragedOptions = {},
): Optimizer {
  checkFraction('averaged', 'decay', decay);
  if (hasAverage(optimizer))
    throw new EngineError('ENGINE_OPTION', `averaged: ${optimizer.name} already has a slot \`average\``);
  return {
    ...optimizer,
    slots: [...optimizer.slots, { name: averageSlot, shape: 'variable', fill: 'value' }],
    follow(value, slots, at) {
      const before = slots.average as tf.Tensor;
      const average = tf.add(before, tf.mul(tf.sub(value, before), shareAt(at.step, decay, warmUp)));
      return { ...optimizer.follow?.(value, slots, at), average };
    },
  };
}

export function hasAverage({ slots }: Optimizer): boolean {
  return slots.some(({ name }) => name === averageSlot);
}

/** `1 - decay` of this update; 1 at the first. */
function shareAt(step: tf.Scalar, decay: number, warmUp: boolean): tf.Tensor {
  const least = tf.scalar(1 - decay);
  // `1 - (t - 1) / (t + 8)` with all its digits.
  if (warmUp) return tf.maximum(tf.div(9, tf.add(step, 8)), least);
  return tf.maximum(tf.cast(tf.less(step, 2), 'float32'), least);
}
