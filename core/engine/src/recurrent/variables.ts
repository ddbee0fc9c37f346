// Variables for recurrent layers, with first values as Keras gives them.
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../random/stream.js';
import type { NamedVariable } from '../types.js';
import type { RecurrentWeights } from './sequence.js';

export interface RecurrentSizes {
  readonly features: number;
  readonly units: number;
  /** First values are drawn from its children `name/kernel` and `name/recurrentKernel`. */
  readonly random: RandomStream;
}

export interface RecurrentVariables {
  /** For the layer. */
  readonly weights: RecurrentWeights;
  /** For the definition of a training: `name/kernel`, `name/recurrentKernel`, `name/bias`. */
  readonly variables: readonly NamedVariable[];
}

/** Variables of a {@link gru}. Kernel: Glorot uniform; recurrent kernel: orthogonal; bias: zeros. */
export function gruVariables(
  name: string,
  { resetAfter = true, ...sizes }: RecurrentSizes & { readonly resetAfter?: boolean },
): RecurrentVariables {
  const bias = resetAfter ? [2, 3 * sizes.units] : [3 * sizes.units];
  return made(
    name,
    sizes,
    3,
    tf.tidy(() => tf.variable(tf.zeros(bias))),
  );
}

/** Variables of an {@link lstm}. As for {@link gruVariables}, but the forget gate's bias is 1 (Jozefowicz et al. 2015). */
export function lstmVariables(name: string, sizes: RecurrentSizes): RecurrentVariables {
  const { units } = sizes;
  const bias = Float32Array.from({ length: 4 * units }, (_, i) => (i >= units && i < 2 * units ? 1 : 0));
  return made(
    name,
    sizes,
    4,
    tf.tidy(() => tf.variable(tf.tensor(bias))),
  );
}

function made(
  name: string,
  { features, units, random }: RecurrentSizes,
  gates: number,
  bias: tf.Variable,
): RecurrentVariables {
  const width = gates * units;
  const variable = (values: Float32Array, shape: number[]): tf.Variable =>
    tf.tidy(() => tf.variable(tf.tensor(values, shape)));
  const limit = Math.sqrt(6 / (features + width));
  const uniform = random.child(`${name}/kernel`).uniform(features * width);
  const kernel = variable(
    uniform.map((x) => (2 * x - 1) * limit),
    [features, width],
  );
  const normal = random.child(`${name}/recurrentKernel`).normal(units * width);
  const recurrentKernel = variable(orthogonal(normal, units, width), [units, width]);
  return {
    weights: { kernel, recurrentKernel, bias },
    variables: [
      { name: `${name}/kernel`, variable: kernel },
      { name: `${name}/recurrentKernel`, variable: recurrentKernel },
      // One with two rows is a bias all the same.
      { name: `${name}/bias`, variable: bias, decay: false },
    ],
  };
}

/** Orthonormal rows from random ones (Saxe et al. 2014), by modified Gram-Schmidt; there are at least as many columns. */
function orthogonal(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = Float64Array.from(values);
  const row = (i: number): Float64Array => result.subarray(i * columns, (i + 1) * columns);
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);
  for (let i = 0; i < rows; i++) {
    const current = row(i);
    for (let j = 0; j < i; j++) {
      const other = row(j);
      const share = dot(current, other);
      for (let k = 0; k < columns; k++) current[k] = (current[k] as number) - share * (other[k] as number);
    }
    const norm = Math.sqrt(dot(current, current));
    for (let k = 0; k < columns; k++) current[k] = (current[k] as number) / norm;
  }
  return Float32Array.from(result);
}
