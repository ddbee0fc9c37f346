// Variables of the domains' students.
import { randomStream, type NamedVariable } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';

/** A variable drawn from a normal distribution of variance 1 / fan-in; zeros where it has one axis. */
export function weight(name: string, ...shape: readonly number[]): NamedVariable {
  const size = shape.reduce((product, length) => product * length, 1);
  const scale = shape.length === 1 ? 0 : 1 / Math.sqrt(shape[0] ?? 1);
  const values = randomStream(1)
    .child(name)
    .normal(size)
    .map((value) => value * scale);
  return { name, variable: tf.tidy(() => tf.variable(tf.tensor(values, [...shape]))) };
}

/** `x` [..., inputs] times a matrix, plus a bias. */
export function dense(x: tf.Tensor, kernel: NamedVariable, bias: NamedVariable): tf.Tensor {
  const [inputs = 0, units = 0] = kernel.variable.shape;
  const rows = x.shape.slice(0, -1);
  const flat = tf.reshape(x, [rows.reduce((product, length) => product * length, 1), inputs]);
  const product = tf.matMul(flat, kernel.variable);
  return tf.reshape(tf.add(product, bias.variable), [...rows, units]);
}
