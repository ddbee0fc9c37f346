// Elementwise kernels against TF.js.
import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { holdVisits } from '../helpers/visits.js';
import { golden, kernel, normal, uniform } from './golden.js';

/** Domain from which operands are drawn. */
const domains: Readonly<Record<string, readonly [number, number]>> = {
  Abs: [-3, 3],
  Acos: [-1, 1],
  Acosh: [1, 9],
  Asin: [-1, 1],
  Asinh: [-9, 9],
  Atan: [-9, 9],
  Atanh: [-0.99, 0.99],
  Ceil: [-3, 3],
  Cos: [-9, 9],
  Cosh: [-5, 5],
  Elu: [-3, 3],
  Erf: [-3, 3],
  Exp: [-5, 5],
  Expm1: [-5, 5],
  Floor: [-3, 3],
  IsFinite: [-1, 1],
  IsInf: [-1, 1],
  IsNan: [-1, 1],
  Log: [0.01, 9],
  Log1p: [-0.9, 9],
  Neg: [-3, 3],
  Reciprocal: [0.1, 3],
  Relu: [-3, 3],
  Relu6: [-3, 9],
  Round: [-3, 3],
  Rsqrt: [0.1, 9],
  Selu: [-3, 3],
  Sigmoid: [-9, 9],
  Sign: [-3, 3],
  Sin: [-9, 9],
  Sinh: [-5, 5],
  Softplus: [-9, 9],
  Sqrt: [0, 9],
  Square: [-3, 3],
  Tan: [-1, 1],
  Tanh: [-3, 3],
  OnesLike: [-1, 1],
  ZerosLike: [-1, 1],
  Identity: [-1, 1],
};
const integers = [
  'Abs',
  'Neg',
  'Relu',
  'Relu6',
  'Sign',
  'Square',
  'Exp',
  'Sqrt',
  'Floor',
  'Round',
  'OnesLike',
  'ZerosLike',
  'Identity',
  'IsNan',
  'Elu',
];

describe('elementwise kernels', () => {
  it.each(Object.entries(domains))('%s agrees with TF.js', async (name, [low, high]) => {
    for (const shape of [[], [1], [0, 3], [3, 4], [2, 3, 1, 5]])
      await kernel(name, { x: uniform(shape, low, high) });
  });

  it.each(integers)('%s of integers agrees with TF.js', async (name) => {
    await kernel(name, { x: tf.tensor1d(name === 'Sqrt' ? [0, 1, 7, 16] : [-3, 0, 2, 7], 'int32') });
    await kernel(name, { x: tf.tensor1d([0, 1, 1], 'bool') });
  });

  it('keeps infinities, NaN and halves as TF.js does', async () => {
    const x = tf.tensor1d([NaN, Infinity, -Infinity, 0, 1]);
    for (const name of [
      'IsNan',
      'IsInf',
      'IsFinite',
      'Abs',
      'Neg',
      'Square',
      'Exp',
      'Relu',
      'Log1p',
      'Expm1',
      'Sigmoid',
      'Tanh',
      'Relu6',
    ])
      await kernel(name, { x });
    await kernel('ClipByValue', { x }, { clipValueMin: -1, clipValueMax: 2 });
    await kernel('Round', { x: tf.tensor1d([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]) });
    await kernel('Step', { x: tf.tensor1d([-1, 0, 1e-38, 0.3, 1, Infinity, -Infinity, NaN]) }, { alpha: 0 });
    await kernel('Log', { x: tf.tensor1d([0, 1]) });
  });

  it('log1p and expm1 are exact near zero', async () => {
    const x = tf.tensor1d([1e-7, -1e-7, 1e-5, 1e-3, 0]);
    await golden(() => [tf.log1p(x), tf.expm1(x)], { absolute: 0 });
  });

  it('attributes are taken', async () => {
    await golden(() => [
      tf.step(normal([3, 4]), 0.3),
      tf.step(normal([3, 4])),
      tf.leakyRelu(normal([3, 4]), 0.1),
      tf.clipByValue(normal([5]), -0.5, 0.25),
      tf.prelu(normal([2, 3, 4]), normal([4], 2)),
      tf.prelu(normal([2, 3, 4]), normal([3, 1], 2)),
      tf.logicalNot(tf.tensor1d([0, 1], 'bool')),
    ]);
  });

  it('the gradient of elu agrees', async () => {
    await golden(() => tf.grad((x) => tf.elu(x))(normal([3, 4])));
  });
});

holdVisits(import.meta.url);
