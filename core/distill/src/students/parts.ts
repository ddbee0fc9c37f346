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
  const { from, to, stride = 1, norm, init } = options;
  const kernel = variables.add(`${name}.kernel`, [3, 3, from, to], init);
  // With stride 1 `same` is the same padding; with stride 2 it would pad on one side only.
  const padding = stride === 1 ? 'same' : 1;
  const convolve = (x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, padding);
  if (norm === 'batch') {
    const normalise = batchNorm(variables, `${name}.norm`, to);
    return (x, at) => normalise(convolve(x), at);
  }
  const bias = variables.add(`${name}.bias`, [to], zeros);
  return (x) => tf.add(convolve(x), bias);
}
