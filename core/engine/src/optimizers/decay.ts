// Weight decay: which variables it acts on, and its two forms.
import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable, UpdateContext } from '../types.js';

/** True for variables that weight decay and max-norm act on: `decay`, or a rank of at least 2 where that is left open. */
export function decays(variable: NamedVariable): boolean {
  return variable.decay ?? variable.variable.shape.length >= 2;
}

/** The decay of one variable: its group's where it has one, else the rule's `own`; 0 where none acts. */
export function decayOf(at: UpdateContext, own: number): number {
  return decays(at.variable) ? (at.weightDecay ?? own) : 0;
}

/** The gradient with the weight, times the decay, added (L2). */
export function withL2(gradient: tf.Tensor, value: tf.Tensor, at: UpdateContext, own: number): tf.Tensor {
  const decay = decayOf(at, own);
  return decay === 0 ? gradient : tf.add(gradient, tf.mul(value, decay));
}

/** The weight less its share of decay, `value * (1 - rate * decay)`: decay apart from the gradient (Loshchilov & Hutter 2019). */
export function shrunk(value: tf.Tensor, at: UpdateContext, own: number): tf.Tensor {
  const decay = decayOf(at, own);
  return decay === 0 ? value : tf.mul(value, tf.sub(1, tf.mul(at.rate, decay)));
}
