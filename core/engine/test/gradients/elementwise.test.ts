// Gradients of functions of one operand against finite differences, activations included.
import * as tf from '@tensorflow/tfjs';
import type { HostTensor } from '@potstill/engine';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { apart, between, normals } from '../helpers/operands.js';
import { anyShape } from '../helpers/shapes.js';
import { holdVisits } from '../helpers/visits.js';

type Draw = (shape: readonly number[], seed?: number) => HostTensor;

/** Away from whole numbers. */
const within: Draw = (shape, seed) => {
  const drawn = between(0.15, 0.85)(shape, seed);
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from(drawn.data, (x, i) => x + ((i % 5) - 2)),
  };
};

/** Where operands come from: inside the domain, away from kinks. */
const functions: Readonly<Record<string, readonly [Draw, (x: tf.Tensor) => tf.Tensor]>> = {
  abs: [apart(0.1, 3), tf.abs],
  acos: [between(-0.9, 0.9), tf.acos],
  acosh: [between(1.2, 9), tf.acosh],
  asin: [between(-0.9, 0.9), tf.asin],
  asinh: [between(-9, 9), tf.asinh],
  atan: [between(-9, 9), tf.atan],
  atanh: [between(-0.9, 0.9), tf.atanh],
  ceil: [within, tf.ceil],
  clipByValue: [within, (x) => tf.clipByValue(x, -1, 1)],
  cos: [between(-9, 9), tf.cos],
  cosh: [between(-3, 3), tf.cosh],
  elu: [apart(0.1, 3), tf.elu],
  erf: [between(-2, 2), tf.erf],
  exp: [between(-3, 3), tf.exp],
  expm1: [between(-3, 3), tf.expm1],
  floor: [within, tf.floor],
  identity: [between(-1, 1), tf.clone],
  leakyRelu: [apart(0.1, 3), (x) => tf.leakyRelu(x, 0.1)],
  log: [between(0.3, 9), tf.log],
  log1p: [between(-0.7, 9), tf.log1p],
  logSigmoid: [between(-9, 9), tf.logSigmoid],
  neg: [between(-3, 3), tf.neg],
  onesLike: [between(-3, 3), tf.onesLike],
  reciprocal: [apart(0.3, 3), tf.reciprocal],
  relu: [apart(0.1, 3), tf.relu],
  relu6: [within, (x) => tf.relu6(tf.add(x, 5))],
  round: [(shape, seed) => apart(0.1, 0.4)(shape, seed), tf.round],
  rsqrt: [between(0.3, 9), tf.rsqrt],
  selu: [apart(0.1, 3), tf.selu],
  sigmoid: [between(-5, 5), tf.sigmoid],
  sign: [apart(0.1, 3), tf.sign],
  sin: [between(-9, 9), tf.sin],
  sinh: [between(-3, 3), tf.sinh],
  softplus: [between(-9, 9), tf.softplus],
  sqrt: [between(0.3, 9), tf.sqrt],
  square: [between(-3, 3), tf.square],
  step: [apart(0.1, 3), (x) => tf.step(x, 0.3)],
  tan: [between(-1, 1), tf.tan],
  tanh: [between(-2, 2), tf.tanh],
  zerosLike: [between(-3, 3), tf.zerosLike],
};

/** Built of TF.js operations, as students write them. */
const activations: typeof functions = {
  gelu: [between(-3, 3), (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1))],
  'gelu by tanh': [
    between(-3, 3),
    (x) => {
      const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    },
  ],
  silu: [between(-5, 5), (x) => tf.mul(x, tf.sigmoid(x))],
  'swish with beta': [between(-5, 5), (x) => tf.mul(x, tf.sigmoid(tf.mul(x, 1.7)))],
  'hard swish': [
    (shape, seed) => apart(0.2, 2.7)(shape, seed),
    (x) => tf.div(tf.mul(x, tf.relu6(tf.add(x, 3))), 6),
  ],
  'hard sigmoid': [apart(0.2, 2), (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1)],
  mish: [between(-5, 5), (x) => tf.mul(x, tf.tanh(tf.softplus(x)))],
  softsign: [apart(0.1, 3), (x) => tf.div(x, tf.add(tf.abs(x), 1))],
  'relu squared': [apart(0.1, 2), (x) => tf.square(tf.relu(x))],
  'x below 0, its square above': [
    apart(0.1, 2),
    (x) => tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, 3)),
  ],
  'masked by what is finite': [
    between(-2, 2),
    (x) =>
      tf.mul(
        tf.square(x),
        tf.sub(
          tf.cast(tf.isFinite(x), 'float32'),
          tf.cast(tf.logicalOr(tf.isNaN(x), tf.isInf(x)), 'float32'),
        ),
      ),
  ],
};

const casesOf = (shape: readonly number[]): Case[] =>
  Object.entries({ ...functions, ...activations }).map(([name, [draw, op]]) => ({
    name: `${name} of [${shape.join()}]`,
    inputs: [draw(shape)],
    op: (x: tf.Tensor) => op(x),
  }));

describe('gradients of functions of one operand', () => {
  it('are the derivatives', async () => {
    for (const shape of [[], [1], [0, 3], [9], [2, 1, 7]]) await expectTrueGradients(casesOf(shape));
  });

  it('are the derivatives of softplus and its kin far from 0', async () => {
    const far: HostTensor = {
      dtype: 'float32',
      shape: [6],
      data: Float32Array.of(-80, -30, -15, 15, 30, 80),
    };
    await expectTrueGradients(
      Object.entries({
        softplus: tf.softplus,
        logSigmoid: tf.logSigmoid,
        sigmoid: tf.sigmoid,
        tanh: tf.tanh,
        elu: tf.elu,
        selu: tf.selu,
      }).map(([name, op]): Case => ({ name, inputs: [far], op: (x: tf.Tensor) => op(x) })),
    );
  });

  it('are the derivatives with a slope for each channel', async () => {
    await fc.assert(
      fc.asyncProperty(anyShape, fc.nat(3), async (shape, cut) => {
        // TF.js wants the slopes' axes to be x's or 1 long.
        const slopes = shape.slice(Math.min(cut, shape.length)).map((n, i) => (i === 0 && cut === 2 ? 1 : n));
        await expectTrueGradients([
          {
            name: 'prelu',
            inputs: [apart(0.1, 2)(shape), normals(slopes, 2)],
            op: (x, alpha) => tf.prelu(x, alpha),
          },
        ]);
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it('are the derivatives of casts there and back', async () => {
    await expectTrueGradients([
      {
        name: 'to float32',
        inputs: [normals([3, 2])],
        op: (x) => tf.cast(tf.square(x), 'float32'),
      },
      // TF.js lets gradients through whatever it is cast to.
      {
        name: 'through int32',
        inputs: [within([3, 2])],
        op: (x) => tf.square(tf.cast(tf.cast(x, 'int32'), 'float32')),
        derivativeOf: (x) => tf.mul(x, tf.mul(2, tf.cast(tf.cast(x, 'int32'), 'float32'))),
      },
    ]);
  });
});

holdVisits(import.meta.url);
