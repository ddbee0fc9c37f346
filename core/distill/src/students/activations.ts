// Activations by the names that recipes use.
import * as tf from '@tensorflow/tfjs-core';

export const activationNames = [
  'relu',
  'leaky-relu',
  'elu',
  'gelu',
  'silu',
  'sigmoid',
  'tanh',
  'linear',
] as const;

export type ActivationName = (typeof activationNames)[number];

export type Activation = (x: tf.Tensor) => tf.Tensor;

/** `gelu` is exact (by the error function); the slope of `leaky-relu` is 0.01. */
export const activations = {
  relu: (x) => tf.relu(x),
  'leaky-relu': (x) => tf.leakyRelu(x, 0.01),
  elu: (x) => tf.elu(x),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  linear: (x) => x,
} satisfies Record<ActivationName, Activation>;
