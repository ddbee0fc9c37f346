// Distillation-oriented momentum (Zhao et al. 2023, "DOT: a distillation-oriented trainer", section 4.1, algorithm 1).
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { NamedTensors, Optimizer } from '../types.js';
import { checkNonNegative } from '../option-checks.js';
import { withL2 } from './decay.js';

export interface DotOptions {
  /** Momentum around which the two differ. Default 0.9. */
  readonly momentum?: number;
  /** Taken from the momentum of the task's gradient, added to that of distillation. Default 0.075. */
  readonly delta?: number;
  /** Times the value, added to the task's gradient (L2), where a variable decays. Default 0. */
  readonly weightDecay?: number;
}

/** The scalars of the loss function that `dot` takes apart; their sum is the loss. */
export const dotTerms = ['task', 'distillation'] as const;

/**
 * `v = (momentum - delta) * v + g` of the loss function's term `task`, `u = (momentum + delta) * u + h` of its term
 * `distillation`, `w = w - rate * (v + u)`. Slots: `velocity`, `distillation`.
 */
export function dot({ momentum = 0.9, delta = 0.075, weightDecay = 0 }: DotOptions = {}): Optimizer {
  checkNonNegative('dot', 'momentum', momentum);
  checkNonNegative('dot', 'weightDecay', weightDecay);
  if (!(delta >= 0 && delta <= momentum && momentum + delta < 1))
    throw new EngineError(
      'ENGINE_OPTION',
      `dot: delta is ${delta} and momentum ${momentum}; expected 0 <= delta <= momentum and momentum + delta < 1`,
    );
  return {
    name: 'dot',
    terms: dotTerms,
    slots: [
      { name: 'velocity', shape: 'variable', fill: 0 },
      { name: 'distillation', shape: 'variable', fill: 0 },
    ],
    update(value, _gradient, slots, at) {
      const { task, distillation } = at.gradients as NamedTensors &
        Record<(typeof dotTerms)[number], tf.Tensor>;
      const velocity = tf.add(
        tf.mul(slots.velocity as tf.Tensor, momentum - delta),
        withL2(task, value, at, weightDecay),
      );
      const other = tf.add(tf.mul(slots.distillation as tf.Tensor, momentum + delta), distillation);
      return {
        value: tf.sub(value, tf.mul(tf.add(velocity, other), at.rate)),
        slots: { velocity, distillation: other },
      };
    },
  };
}
