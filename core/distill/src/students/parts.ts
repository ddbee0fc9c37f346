// Parts of which students are made: dense and convolutional layers.
import * as tf from '@tensorflow/tfjs-core';
import { batchNorm, type Layer } from './batch-norm.js';
import { zeros, type Initializer } from './init.js';
import type { VariableSet } from './variables.js';

/** [batch, from] to [batch, to]. Variables: `kernel` [from, to] and `bias` [to] below `name`. */
export function dense(
  variables: VariableSet,
  name: string,
  from: number,
  to: number,
  init: Initializer,
): Layer {
  const kernel = variables.add(`${name}.kernel`, [from, to], init);
  const bias = variables.add(`${name}.bias`, [to], zeros);
  return (x) => tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
}

export interface ConvOptions {
  readonly from: number;
  readonly to: number;
  readonly stride?: 1 | 2;
  readonly norm: 'batch' | 'none';
  readonly init: Initializer;
}

/**
 * A 3x3 convolution with one pixel of padding on every side, then batch norm, or a bias where there is none.
 * [batch, h, w, from] to [batch, ceil(h / stride), ceil(w / stride), to]. Variables below `name`: `kernel`, and
 * `bias` or `norm.*`.
 */
export function conv3x3(variables: VariableSet, name: string, options: ConvOptions): Layer {
  const { from, to, stride = 1, init } = options;
  const kernel = variables.add(`${name}.kernel`, [3, 3, from, to], init);
  const convolve = (x: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, padding(stride));
  return normed(variables, name, options, convolve);
}

/** A 1x1 convolution: the same map of channels at every pixel. Otherwise as {@link conv3x3}. */
export function conv1x1(variables: VariableSet, name: string, options: Omit<ConvOptions, 'stride'>): Layer {
  const kernel = variables.add(`${name}.kernel`, [1, 1, options.from, options.to], options.init);
  return normed(variables, name, options, (x) =>
    tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'same'),
  );
}

/** A 3x3 convolution of each channel by itself. Otherwise as {@link conv3x3}. */
export function depthwise3x3(
  variables: VariableSet,
  name: string,
  options: Omit<ConvOptions, 'from'>,
): Layer {
  const { to, stride = 1, init } = options;
  // Drawn as a filter of one input channel: each output sees nine numbers.
  const kernel = variables.add(`${name}.kernel`, [3, 3, to, 1], (_, random) => init([3, 3, 1, to], random));
  return normed(variables, name, options, (x) =>
    tf.depthwiseConv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, padding(stride)),
  );
}

/** With stride 1 `same` is one pixel on every side; with stride 2 it would pad on one side only. */
const padding = (stride: 1 | 2) => (stride === 1 ? 'same' : 1);

/** Batch norm after it, or a bias where there is none. */
function normed(
  variables: VariableSet,
  name: string,
  { to, norm }: Pick<ConvOptions, 'to' | 'norm'>,
  convolve: (x: tf.Tensor) => tf.Tensor,
): Layer {
  if (norm === 'batch') {
    const normalise = batchNorm(variables, `${name}.norm`, to);
    return (x, at) => normalise(convolve(x), at);
  }
  const bias = variables.add(`${name}.bias`, [to], zeros);
  return (x) => tf.add(convolve(x), bias);
}
