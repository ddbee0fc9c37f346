// Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2), as PyTorch defines them.
import * as tf from '@tensorflow/tfjs';
import type { Optimizer, UpdateContext } from '../types.js';
import { checkFraction, checkNonNegative, checkPositive, decays } from './check.js';

export interface AdamOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** Adam: times the value, added to the gradient (L2); default 0. AdamW: the share of the value, times the rate, taken off at each update; default 0.01. */
  readonly weightDecay?: number;
}

/** Adam; weight decay is part of the gradient. Slots: `mean`, `square`. */
export function adam(options: AdamOptions = {}): Optimizer {
  return build('adam', options, 0, (value, gradient, weightDecay) => ({
    value,
    gradient: tf.add(gradient, tf.mul(value, weightDecay)),
  }));
}

/** Adam with weight decay apart from the gradient: `w = w * (1 - rate * weightDecay)` before the update. Slots: `mean`, `square`. */
export function adamw(options: AdamOptions = {}): Optimizer {
  return build('adamw', options, 0.01, (value, gradient, weightDecay, at) => ({
    value: tf.mul(value, tf.sub(1, tf.mul(at.rate, weightDecay))),
    gradient,
  }));
}

type Decay = (
  value: tf.Tensor,
  gradient: tf.Tensor,
  weightDecay: number,
  at: UpdateContext,
) => { value: tf.Tensor; gradient: tf.Tensor };

function build(name: string, options: AdamOptions, defaultDecay: number, decay: Decay): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay } = options;
  checkFraction(name, 'beta1', beta1);
  checkFraction(name, 'beta2', beta2);
  checkPositive(name, 'epsilon', epsilon);
  checkNonNegative(name, 'weightDecay', weightDecay);
  return {
    name,
    slots: [
      { name: 'mean', shape: 'variable', fill: 0 },
      { name: 'square', shape: 'variable', fill: 0 },
    ],
    update(value, gradient, slots, at) {
      const from =
        weightDecay !== 0 && decays(at.variable)
          ? decay(value, gradient, weightDecay, at)
          : { value, gradient };
      const mean = running(slots.mean as tf.Tensor, from.gradient, beta1);
      const square = running(slots.square as tf.Tensor, tf.square(from.gradient), beta2);
      // Both bias corrections are moved to the scalars (the paper's remark at the end of section 2), epsilon with them.
      const root = tf.sqrt(biasOf(beta2, at.step));
      const rate = tf.div(tf.mul(at.rate, root), biasOf(beta1, at.step));
      const change = tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(square), tf.mul(root, epsilon)));
      return { value: tf.sub(from.value, change), slots: { mean, square } };
    },
  };
}

function running(mean: tf.Tensor, next: tf.Tensor, beta: number): tf.Tensor {
  return tf.add(tf.mul(mean, beta), tf.mul(next, 1 - beta));
}

/**
 * `1 - beta^step`, a scalar. Written as `-tanh(x/2) * (1 + exp(x))` with `x = step * ln(beta)`, which keeps all digits
 * where `beta^step` is near 1 (beta 0.999 at step 1 would lose four of seven in float32).
 */
function biasOf(beta: number, step: tf.Scalar): tf.Tensor {
  if (beta === 0) return tf.onesLike(step);
  const x = tf.mul(step, Math.log(beta));
  return tf.neg(tf.mul(tf.tanh(tf.mul(x, 0.5)), tf.add(tf.exp(x), 1)));
}
