// Adam (Kingma & Ba 2015, algorithm 1), AdamW (Loshchilov & Hutter 2019, algorithm 2) and AMSGrad (Reddi et al. 2018), as PyTorch defines them.
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer, SlotSpec } from '../types.js';
import { correction, discounted } from './bias.js';
import { checkFraction, checkNonNegative, checkPositive } from '../option-checks.js';
import { shrunk, withL2 } from './decay.js';

export interface AdamOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root in the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** Adam: times the value, added to the gradient (L2); default 0. AdamW: the share of the value, times the rate, taken off at each update; default 0.01. */
  readonly weightDecay?: number;
  /** AMSGrad (Reddi et al. 2018): the largest mean of squares so far in the denominator. Default false. */
  readonly amsgrad?: boolean;
}

/** Adam; weight decay is part of the gradient. Slots: `gradientSum`, `squareSum`, with AMSGrad `largestSum`. */
export function adam(options: AdamOptions = {}): Optimizer {
  return build('adam', options, 0, false);
}

/** Adam with weight decay apart from the gradient: `w = w * (1 - rate * weightDecay)` before the update. Slots as {@link adam}. */
export function adamw(options: AdamOptions = {}): Optimizer {
  return build('adamw', options, 0.01, true);
}

/** The running means are kept as sums, `mean / (1 - beta)`; see {@link discounted}. */
function build(name: string, options: AdamOptions, defaultDecay: number, decoupled: boolean): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay, amsgrad = false } = options;
  checkFraction(name, 'beta1', beta1);
  checkFraction(name, 'beta2', beta2);
  checkPositive(name, 'epsilon', epsilon);
  checkNonNegative(name, 'weightDecay', weightDecay);
  const slot = (slotName: string): SlotSpec => ({ name: slotName, shape: 'variable', fill: 0 });
  return {
    name,
    slots: [slot('gradientSum'), slot('squareSum'), ...(amsgrad ? [slot('largestSum')] : [])],
    update(value, gradient, slots, at) {
      const from = decoupled ? shrunk(value, at, weightDecay) : value;
      const along = decoupled ? gradient : withL2(gradient, value, at, weightDecay);
      const gradientSum = discounted(slots.gradientSum as tf.Tensor, along, beta1);
      const squareSum = discounted(slots.squareSum as tf.Tensor, tf.square(along), beta2);
      const largestSum = amsgrad ? tf.maximum(slots.largestSum as tf.Tensor, squareSum) : squareSum;
      const { factor, floor } = correction({ beta1, beta2, epsilon }, at.step);
      const change = tf.div(tf.mul(gradientSum, tf.mul(at.rate, factor)), tf.add(tf.sqrt(largestSum), floor));
      return {
        value: tf.sub(from, change),
        slots: { gradientSum, squareSum, ...(amsgrad ? { largestSum } : {}) },
      };
    },
  };
}
