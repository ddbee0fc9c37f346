// What recurrent layers share: their weights and masks, checked, and time as the first axis.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { show } from '../record/tape.js';

/** Weights in the layout of Keras and tf.layers (`layer.getWeights()` in this order). */
export interface RecurrentWeights {
  /** [features, gates * units]. */
  readonly kernel: tf.Tensor;
  /** [units, gates * units]. */
  readonly recurrentKernel: tf.Tensor;
  /** See the layer. Default: none. */
  readonly bias?: tf.Tensor;
}

export interface RecurrentOptions {
  /**
   * [batch, time], of any dtype: where it is 0 (false), the state stays as it is, so padded steps do nothing; the outputs
   * there repeat the state. Multiply them by the mask for zeros, as PyTorch's packed sequences give.
   */
  readonly mask?: tf.Tensor;
  /** From the last step to the first; outputs stand where their steps stood. Default false. */
  readonly reverse?: boolean;
}

export interface RecurrentResults<S> {
  /** [batch, time, units]: what the layer gives at each step. */
  readonly outputs: tf.Tensor3D;
  /** After the last step (in reverse: the first); with a mask, after the last step that counts. */
  readonly state: S;
}

export interface Sizes {
  readonly batch: number;
  readonly units: number;
}

/** Refuses with ENGINE_SHAPE what does not fit. `biases`: rows of the bias, where it may have more than one. */
export function checkWeights(
  layer: string,
  x: tf.Tensor,
  { kernel, recurrentKernel, bias }: RecurrentWeights,
  { mask }: RecurrentOptions,
  { gates, biases }: { readonly gates: number; readonly biases: number },
): Sizes {
  if (x.rank !== 3)
    throw new EngineError('ENGINE_SHAPE', `${layer}: x is ${show(x)}, expected [batch, time, features]`);
  const [batch, time, features] = x.shape as [number, number, number];
  const [units = 0] = recurrentKernel.shape;
  const expect = (what: string, tensor: tf.Tensor, ...shapes: (readonly number[])[]): void => {
    if (shapes.some((shape) => String(shape) === String(tensor.shape))) return;
    const expected = shapes.map((shape) => `[${shape}]`).join(' or ');
    throw new EngineError('ENGINE_SHAPE', `${layer}: ${what} is ${show(tensor)}, expected ${expected}`, {
      hint: `x has ${features} features; the recurrent kernel has ${units} rows, so there are ${units} units.`,
    });
  };
  expect('the recurrent kernel', recurrentKernel, [units, gates * units]);
  expect('the kernel', kernel, [features, gates * units]);
  if (bias) expect('the bias', bias, [gates * units], ...(biases > 1 ? [[biases, gates * units]] : []));
  if (mask) expect('the mask', mask, [batch, time]);
  return { batch, units };
}

/** Refuses with ENGINE_SHAPE a first state of another shape. Default: zeros. */
export function stateOf(
  layer: string,
  name: string,
  given: tf.Tensor | undefined,
  { batch, units }: Sizes,
): tf.Tensor2D {
  if (!given) return tf.zeros([batch, units]);
  if (String(given.shape) === String([batch, units])) return given as tf.Tensor2D;
  throw new EngineError(
    'ENGINE_SHAPE',
    `${layer}: the state ${name} is ${show(given)}, expected [${batch},${units}]`,
  );
}

/** [batch, time, …] to [time, batch, …] and back: a scan steps along the first axis, where its parts are whole. */
export function swapTime<T extends tf.Tensor>(x: T): T {
  return tf.transpose(x, [1, 0, ...x.shape.slice(2).map((_, i) => i + 2)]);
}

/** A mask [batch, time] as numbers [time, batch, 1]. */
export function maskInTime(mask: tf.Tensor): tf.Tensor3D {
  return tf.expandDims(swapTime(tf.cast(mask, 'float32')), 2);
}

/** x W + b for all steps at once. */
export function project(x: tf.Tensor3D, kernel: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor3D {
  const [time, batch, features] = x.shape;
  const product = tf.matMul(tf.reshape(x, [time * batch, features]), kernel);
  return tf.reshape(bias ? tf.add(product, bias) : product, [time, batch, kernel.shape[1] ?? 0]);
}

/** The columns of the last axis, `units` each, of the gates asked for, side by side. */
export function gatesOf(weights: tf.Tensor, units: number, gates: readonly number[]): tf.Tensor {
  const last = weights.rank - 1;
  const slice = (first: number, count: number): tf.Tensor =>
    tf.slice(
      weights,
      weights.shape.map((_, i) => (i === last ? first * units : 0)),
      [...weights.shape.slice(0, -1), count * units],
    );
  // Neighbours are one slice.
  const starts = gates.filter((gate) => !gates.includes(gate - 1));
  const pieces = starts.map((first) => {
    let count = 1;
    while (gates.includes(first + count)) count++;
    return slice(first, count);
  });
  return pieces.length === 1 ? (pieces[0] as tf.Tensor) : tf.concat(pieces, last);
}

/** Runs one after the other, as one: outputs side by side [batch, time, 2 units]. `backward` is a run with `reverse`. */
export function bidirectional<S>(
  forward: RecurrentResults<S>,
  backward: RecurrentResults<S>,
): RecurrentResults<{ readonly forward: S; readonly backward: S }> {
  return {
    outputs: tf.concat([forward.outputs, backward.outputs], 2),
    state: { forward: forward.state, backward: backward.state },
  };
}
