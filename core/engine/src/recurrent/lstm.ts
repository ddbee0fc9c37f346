// Long short-term memory over whole sequences.
import * as tf from '@tensorflow/tfjs-core';
import { scan } from './scan.js';
import {
  checkWeights,
  gatesOf,
  maskInTime,
  project,
  type RecurrentOptions,
  type RecurrentResults,
  type RecurrentWeights,
  stateOf,
  swapTime,
} from './sequence.js';

// An interface would not count as named tensors.
export type LstmState = {
  /** What the layer gives: [batch, units]. */
  readonly h: tf.Tensor2D;
  /** Its memory: [batch, units]. */
  readonly c: tf.Tensor2D;
};

export interface LstmOptions extends RecurrentOptions {
  /** Before the first step: each [batch, units]. Default: zeros. */
  readonly state?: { readonly h?: tf.Tensor; readonly c?: tf.Tensor };
}

type Part = { readonly gates: tf.Tensor2D; readonly candidate: tf.Tensor2D; readonly mask?: tf.Tensor2D };
type Weights = { readonly gates: tf.Tensor2D; readonly candidate: tf.Tensor2D };

/** Where the gates stand in weights. */
const [input, forget, candidate, output] = [0, 1, 2, 3];

/**
 * An LSTM layer over `x` [batch, time, features] (Hochreiter and Schmidhuber 1997, with forget gates):
 *
 * i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), each with its own columns; c' = f c + i g, h' = o tanh(c').
 *
 * Weights have the gates side by side in the order i, f, g, o: `kernel` [features, 4 units], `recurrentKernel`
 * [units, 4 units], `bias` [4 units] or none. Throws ENGINE_SHAPE when weights, mask or state do not fit.
 */
export function lstm(
  x: tf.Tensor,
  weights: RecurrentWeights,
  options: LstmOptions = {},
): RecurrentResults<LstmState> {
  const { mask, reverse = false, state = {} } = options;
  const sizes = checkWeights('lstm', x, weights, options, { gates: 4, biases: 1 });
  const { kernel, recurrentKernel, bias } = weights;
  // The three that share a function stand together, so that a step calls it once.
  const gates = (tensor: tf.Tensor): tf.Tensor => gatesOf(tensor, sizes.units, [input, forget, output]);
  const memory = (tensor: tf.Tensor): tf.Tensor => gatesOf(tensor, sizes.units, [candidate]);
  const inputs = swapTime(x as tf.Tensor3D);
  const { carry, y } = scan(cell, {
    carry: { h: stateOf('lstm', 'h', state.h, sizes), c: stateOf('lstm', 'c', state.c, sizes) },
    sequences: {
      gates: project(inputs, gates(kernel), bias && gates(bias)),
      candidate: project(inputs, memory(kernel), bias && memory(bias)),
      ...(mask ? { mask: maskInTime(mask) } : {}),
    },
    constants: {
      gates: gates(recurrentKernel) as tf.Tensor2D,
      candidate: memory(recurrentKernel) as tf.Tensor2D,
    },
    reverse,
  });
  return { outputs: swapTime(y.h as tf.Tensor as tf.Tensor3D), state: carry };
}

function cell({ h, c }: LstmState, x: Part, weights: Weights) {
  const gates = tf.sigmoid(tf.add(tf.matMul(h, weights.gates), x.gates));
  const g = tf.tanh(tf.add(tf.matMul(h, weights.candidate), x.candidate));
  const [i, f, o] = tf.split(gates, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const memory: tf.Tensor2D = tf.add(tf.mul(f, c), tf.mul(i, g));
  const given: tf.Tensor2D = tf.mul(o, tf.tanh(memory));
  const next = x.mask
    ? { h: masked(h, given, x.mask), c: masked(c, memory, x.mask) }
    : { h: given, c: memory };
  return { carry: next, y: { h: next.h } };
}

/** `after` where the mask is 1, exactly `before` where it is 0. */
function masked(before: tf.Tensor2D, after: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  return tf.add(before, tf.mul(mask, tf.sub(after, before)));
}
