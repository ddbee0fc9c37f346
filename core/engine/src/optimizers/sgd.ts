// Stochastic gradient descent with momentum, as PyTorch's torch.optim.SGD defines it.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { Optimizer } from '../types.js';
import { checkNonNegative } from '../option-checks.js';
import { withL2 } from './decay.js';

export interface SgdOptions {
  /** Share of the last velocity that is kept. Default 0: plain gradient descent, without a slot. */
  readonly momentum?: number;
  /** Looks one step ahead along the velocity (Sutskever et al. 2013). Wants momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** The gradient enters the velocity times `1 - dampening`, from the second update on. Default 0. */
  readonly dampening?: number;
  /** Times the value, added to the gradient (L2), where a variable decays. Default 0. */
  readonly weightDecay?: number;
}

/**
 * `v = momentum * v + (1 - dampening) * g`, `w = w - rate * v`; with Nesterov `w = w - rate * (g + momentum * v)`.
 * At the first update `v = g`, whatever the dampening. The rate is not part of the velocity, so a changed rate acts at once.
 * Slot: `velocity`, when there is momentum.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, dampening = 0, weightDecay = 0 } = options;
  checkNonNegative('sgd', 'momentum', momentum);
  checkNonNegative('sgd', 'dampening', dampening);
  checkNonNegative('sgd', 'weightDecay', weightDecay);
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new EngineError(
      'ENGINE_OPTION',
      `sgd: nesterov requires momentum above 0 and no dampening; momentum is ${momentum}, dampening is ${dampening}`,
    );
  return {
    name: 'sgd',
    slots: momentum === 0 ? [] : [{ name: 'velocity', shape: 'variable', fill: 0 }],
    update(value, gradient, slots, at) {
      const decayed = withL2(gradient, value, at, weightDecay);
      if (momentum === 0) return { value: tf.sub(value, tf.mul(decayed, at.rate)), slots: {} };
      const fresh = dampening === 0 ? decayed : tf.mul(decayed, dampened(dampening, at.step));
      const before = slots.velocity as tf.Tensor;
      const velocity = tf.add(tf.mul(before, momentum), fresh);
      if (!nesterov) return { value: tf.sub(value, tf.mul(velocity, at.rate)), slots: { velocity } };
      // g + momentum * v with g = v - momentum * before, so that the product that makes a gradient can make the velocity.
      const back = tf.add(value, tf.mul(before, tf.mul(at.rate, momentum)));
      return { value: tf.sub(back, tf.mul(velocity, tf.mul(at.rate, 1 + momentum))), slots: { velocity } };
    },
  };
}

/** 1 at step 1, then `1 - dampening`. */
function dampened(dampening: number, step: tf.Scalar): tf.Tensor {
  return tf.sub(1, tf.mul(tf.cast(tf.greater(step, 1), 'float32'), dampening));
}
