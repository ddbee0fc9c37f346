// Gated recurrent units over whole sequences.
import * as tf from '@tensorflow/tfjs-core';
import type { Cell } from './cell.js';
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

export interface GruOptions extends RecurrentOptions {
  /** Before the first step: [batch, units]. Default: zeros. */
  readonly state?: tf.Tensor;
  /**
   * Whether the reset gate acts on the state after its matrix product, as in PyTorch and in Keras 2 and later (default),
   * or before, as in Cho et al. 2014 and tf.layers.gru.
   */
  readonly resetAfter?: boolean;
}

type State = { readonly h: tf.Tensor2D };
type Part = { readonly gates: tf.Tensor2D; readonly candidate: tf.Tensor2D; readonly mask?: tf.Tensor2D };
type Weights = { readonly gates: tf.Tensor2D; readonly candidate: tf.Tensor2D; readonly bias?: tf.Tensor };

/**
 * A GRU layer over `x` [batch, time, features]:
 *
 * z = sigmoid(x Wz + bz + h Uz + cz), r = sigmoid(x Wr + br + h Ur + cr), n = tanh(x Wn + bn + r (h Un + cn)),
 * h' = z h + (1 - z) n; with `resetAfter: false`, n = tanh(x Wn + bn + (r h) Un).
 *
 * Weights have the gates side by side in the order z, r, n: `kernel` [features, 3 units], `recurrentKernel`
 * [units, 3 units], `bias` [2, 3 units] (b, then c), or [3 units] (b alone; the only one with `resetAfter: false`).
 * Throws ENGINE_SHAPE when weights, mask or state do not fit.
 */
export function gru(
  x: tf.Tensor,
  weights: RecurrentWeights,
  options: GruOptions = {},
): RecurrentResults<tf.Tensor2D> {
  const { resetAfter = true, mask, reverse = false } = options;
  const sizes = checkWeights('gru', x, weights, options, { gates: 3, biases: resetAfter ? 2 : 1 });
  const { kernel, recurrentKernel, bias } = weights;
  const gates = (tensor: tf.Tensor): tf.Tensor => gatesOf(tensor, sizes.units, [0, 1]);
  const candidate = (tensor: tf.Tensor): tf.Tensor => gatesOf(tensor, sizes.units, [2]);
  const [b, c] = bias?.rank === 2 ? tf.unstack(bias) : [bias];
  const inputs = swapTime(x as tf.Tensor3D);
  const cell: Cell<State, Part, Weights, { h: tf.Tensor2D }> = resetAfter ? resetAfterCell : resetBeforeCell;
  const { carry, y } = scan(cell, {
    carry: { h: stateOf('gru', 'h', options.state, sizes) },
    sequences: {
      gates: project(inputs, gates(kernel), b && c ? tf.add(gates(b), gates(c)) : b && gates(b)),
      candidate: project(inputs, candidate(kernel), b && candidate(b)),
      ...(mask ? { mask: maskInTime(mask) } : {}),
    },
    constants: {
      gates: gates(recurrentKernel) as tf.Tensor2D,
      candidate: candidate(recurrentKernel) as tf.Tensor2D,
      ...(c ? { bias: candidate(c) } : {}),
    },
    reverse,
  });
  return { outputs: swapTime(y.h as tf.Tensor as tf.Tensor3D), state: carry.h };
}

function resetAfterCell({ h }: State, x: Part, weights: Weights) {
  const [z, r] = gatesOfStep(h, x, weights);
  const product = tf.matMul(h, weights.candidate);
  const recurrent = weights.bias ? tf.add(product, weights.bias) : product;
  return next(h, z, tf.tanh(tf.add(x.candidate, tf.mul(r, recurrent))), x.mask);
}

function resetBeforeCell({ h }: State, x: Part, weights: Weights) {
  const [z, r] = gatesOfStep(h, x, weights);
  const recurrent = tf.matMul(tf.mul(r, h), weights.candidate);
  return next(h, z, tf.tanh(tf.add(recurrent, x.candidate)), x.mask);
}

function gatesOfStep(h: tf.Tensor2D, x: Part, { gates }: Weights): [tf.Tensor2D, tf.Tensor2D] {
  const [z, r] = tf.split(tf.sigmoid(tf.add(tf.matMul(h, gates), x.gates)), 2, 1);
  return [z as tf.Tensor2D, r as tf.Tensor2D];
}

/** z h + (1 - z) n, in fewer operations; with a mask, in a form that gives exactly h where it is 0. */
function next(h: tf.Tensor2D, z: tf.Tensor2D, n: tf.Tensor2D, mask: tf.Tensor2D | undefined) {
  const after: tf.Tensor2D = mask
    ? tf.add(h, tf.mul(tf.mul(tf.sub(1, z), mask), tf.sub(n, h)))
    : tf.add(n, tf.mul(z, tf.sub(h, n)));
  return { carry: { h: after }, y: { h: after } };
}
