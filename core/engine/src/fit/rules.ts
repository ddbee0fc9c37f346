// Update rules as TF.js defines them, where they differ from PyTorch's: epsilon under the root, the rate within the velocity.
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors, Optimizer, SlotSpec } from '../types.js';

function slots(...names: string[]): SlotSpec[] {
  return names.map((name) => ({ name, shape: 'variable', fill: 0 }));
}

/** `share * old + (1 - share) * fresh`. */
function mixed(old: tf.Tensor, fresh: tf.Tensor, share: number): tf.Tensor {
  return tf.add(tf.mul(old, share), tf.mul(fresh, 1 - share));
}

/** tf.train.adagrad: `s = s + g^2`, `w = w - rate * g / sqrt(s + epsilon)`. */
export function tfjsAdagrad(initial: number, epsilon: number): Optimizer {
  return {
    name: 'tfjs-adagrad',
    slots: [{ name: 'squareSum', shape: 'variable', fill: initial }],
    update(value, gradient, old, { rate }) {
      const squareSum = tf.add(old.squareSum as tf.Tensor, tf.square(gradient));
      const change = tf.div(tf.mul(gradient, rate), tf.sqrt(tf.add(squareSum, epsilon)));
      return { value: tf.sub(value, change), slots: { squareSum } };
    },
  };
}

export interface TfjsRmspropOptions {
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

/** tf.train.rmsprop: `v = momentum * v + rate * g / sqrt(s + epsilon)`, `w = w - v`; centred, `sqrt(s - (m^2 + epsilon))`. */
export function tfjsRmsprop({ decay, momentum, epsilon, centered }: TfjsRmspropOptions): Optimizer {
  return {
    name: 'tfjs-rmsprop',
    slots: slots('meanSquare', ...(centered ? ['mean'] : []), ...(momentum === 0 ? [] : ['velocity'])),
    update(value, gradient, old, { rate }) {
      const meanSquare = mixed(old.meanSquare as tf.Tensor, tf.square(gradient), decay);
      const mean = centered ? mixed(old.mean as tf.Tensor, gradient, decay) : undefined;
      const spread = mean
        ? tf.sub(meanSquare, tf.add(tf.square(mean), epsilon))
        : tf.add(meanSquare, epsilon);
      const change = tf.div(tf.mul(gradient, rate), tf.sqrt(spread));
      const velocity = momentum === 0 ? change : tf.add(tf.mul(old.velocity as tf.Tensor, momentum), change);
      const next: NamedTensors = {
        meanSquare,
        ...(mean ? { mean } : {}),
        ...(momentum === 0 ? {} : { velocity }),
      };
      return { value: tf.sub(value, velocity), slots: next };
    },
  };
}

export interface TfjsAdamaxOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
}

/** tf.train.adamax: `u = max(beta2 * u, |g|)`, `w = w - rate / (1 + (t - 1) * decay) / (1 - beta1^t) * m / (u + epsilon)`. */
export function tfjsAdamax({ beta1, beta2, epsilon, decay }: TfjsAdamaxOptions): Optimizer {
  return {
    name: 'tfjs-adamax',
    slots: slots('mean', 'largest'),
    update(value, gradient, old, { rate, step }) {
      const mean = mixed(old.mean as tf.Tensor, gradient, beta1);
      const largest = tf.maximum(tf.mul(old.largest as tf.Tensor, beta2), tf.abs(gradient));
      const decayed = tf.div(rate, tf.add(tf.mul(tf.sub(step, 1), decay), 1));
      const factor = tf.div(decayed, tf.sub(1, tf.pow(beta1, step)));
      return {
        value: tf.sub(value, tf.mul(factor, tf.div(mean, tf.add(largest, epsilon)))),
        slots: { mean, largest },
      };
    },
  };
}

/** tf.train.adadelta: the mean of squares before the update stands in the denominator. */
export function tfjsAdadelta(rho: number, epsilon: number): Optimizer {
  return {
    name: 'tfjs-adadelta',
    slots: slots('meanSquare', 'meanUpdate'),
    update(value, gradient, old, { rate }) {
      const { meanSquare, meanUpdate } = old as { meanSquare: tf.Tensor; meanUpdate: tf.Tensor };
      const scale = tf.div(tf.sqrt(tf.add(meanUpdate, epsilon)), tf.sqrt(tf.add(meanSquare, epsilon)));
      const change = tf.mul(scale, gradient);
      return {
        value: tf.sub(value, tf.mul(change, rate)),
        slots: {
          meanSquare: mixed(meanSquare, tf.square(gradient), rho),
          meanUpdate: mixed(meanUpdate, tf.square(change), rho),
        },
      };
    },
  };
}
