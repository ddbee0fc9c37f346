// Gradients of sums and means without a tensor of ones made on the host.
import * as tf from '@tensorflow/tfjs-core';
import type { Gradient } from './gradient.js';

/**
 * TF.js multiplies by `tf.ones`, whose elements it writes out and whose size is that of the sum's operand: half of the
 * time that recording a ResNet takes. `tf.fill` is a kernel like any other.
 */
function spread(dy: tf.Tensor, shape: readonly number[], axes: readonly number[]): tf.Tensor {
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return tf.mul(tf.reshape(dy, kept), tf.fill([...shape], 1, 'float32'));
}

const axesOf = (axis: unknown, shape: readonly number[]) =>
  tf.util.parseAxisParam(axis as number | number[], [...shape]);

export const sum: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, { axis }) => {
    const [x] = saved as [tf.Tensor];
    return { x: () => spread(dy as tf.Tensor, x.shape, axesOf(axis, x.shape)) };
  },
};

export const mean: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, { axis }) => {
    const [x] = saved as [tf.Tensor];
    const axes = axesOf(axis, x.shape);
    const size = axes.reduce((product, at) => product * (x.shape[at] as number), 1);
    return { x: () => tf.div(spread(dy as tf.Tensor, x.shape, axes), size) };
  },
};
