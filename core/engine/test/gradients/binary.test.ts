// Gradients of functions of two operands, broadcast, against finite differences.
import * as tf from '@tensorflow/tfjs';
import type { HostTensor } from '@potstill/engine';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { apart, between, bool, distinct, normals } from '../helpers/operands.js';
import { broadcastable } from '../helpers/shapes.js';
import { holdVisits } from '../helpers/visits.js';

type Draw = (shape: readonly number[], seed?: number) => HostTensor;
type Pair = readonly [Draw, Draw, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor];

/** Never equal to what `distinct` draws, nor near it. */
const between2: Draw = (shape, seed = 2) => {
  const { data } = distinct(shape, seed, 0.1);
  return { dtype: 'float32', shape, data: Float32Array.from(data, (x) => x + 0.05) };
};
const grid: Draw = (shape, seed) => distinct(shape, seed, 0.1);

const functions: Readonly<Record<string, Pair>> = {
  add: [normals, normals, (a, b) => tf.add(a, b)],
  sub: [normals, normals, (a, b) => tf.sub(a, b)],
  mul: [normals, normals, (a, b) => tf.mul(a, b)],
  div: [normals, apart(0.5, 2), (a, b) => tf.div(a, b)],
  divNoNan: [normals, apart(0.5, 2), (a, b) => tf.divNoNan(a, b)],
  maximum: [grid, between2, (a, b) => tf.maximum(a, b)],
  minimum: [grid, between2, (a, b) => tf.minimum(a, b)],
  mod: [between(1.5, 2.6), between(1.35, 1.45), (a, b) => tf.mod(a, b)],
  'mod of negatives': [between(-2.6, -1.5), between(1.35, 1.45), (a, b) => tf.mod(a, b)],
  pow: [between(0.3, 2), apart(0.3, 2), (a, b) => tf.pow(a, b)],
  squaredDifference: [normals, normals, (a, b) => tf.squaredDifference(a, b)],
  atan2: [apart(0.3, 2), apart(0.3, 2), (a, b) => tf.atan2(a, b)],
  'the larger by where': [grid, between2, (a, b) => tf.where(tf.greater(a, b), a, b)],
  'the smaller by masks': [
    grid,
    between2,
    (a, b) => {
      const mask = tf.cast(tf.lessEqual(a, b), 'float32');
      return tf.add(tf.mul(a, mask), tf.mul(b, tf.sub(1, mask)));
    },
  ],
  'masks of all comparisons': [
    grid,
    between2,
    (a, b) => {
      const either = tf.logicalOr(tf.less(a, b), tf.greaterEqual(a, b));
      const both = tf.logicalAnd(tf.notEqual(a, b), tf.logicalNot(tf.equal(a, b)));
      return tf.mul(tf.mul(a, b), tf.cast(tf.logicalAnd(either, both), 'float32'));
    },
  ],
};

/** TF.js fails to differentiate what is broadcast to no elements. */
const differentiable = ({ a, b }: { a: number[]; b: number[] }): boolean =>
  b.toReversed().every((n, i) => {
    const other = a[a.length - 1 - i];
    return !(n === 1 && other === 0) && !(n === 0 && other === 1);
  });

describe('gradients of functions of two operands', () => {
  it('are the derivatives over broadcast shapes, empty ones included', async () => {
    await fc.assert(
      fc.asyncProperty(broadcastable.filter(differentiable), async ({ a, b }) => {
        await expectTrueGradients(
          Object.entries(functions).map(([name, [drawA, drawB, op]]): Case => ({
            name,
            inputs: [drawA(a, 1), drawB(b, 2)],
            op: (x: tf.Tensor, y: tf.Tensor) => op(x, y),
          })),
        );
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it('are the derivatives of powers by whole numbers, of negative bases too', async () => {
    await expectTrueGradients(
      [0, 1, 2, 3, -1, -2].map((power): Case => ({
        name: `to the power of ${power}`,
        inputs: [apart(0.3, 2)([2, 3])],
        op: (x) => tf.pow(x, tf.scalar(power)),
      })),
    );
  });

  it('are the derivatives of choices and of sums of many', async () => {
    const mask = bool([1, 0, 0, 1, 1, 0], [2, 3]);
    await expectTrueGradients([
      {
        name: 'where',
        inputs: [mask, normals([2, 3], 2), normals([2, 3], 3)],
        op: (m, a, b) => tf.where(m, a, b),
      },
      {
        name: 'where with one choice for all',
        inputs: [bool([1], []), normals([2, 3], 2), normals([2, 3], 3)],
        op: (m, a, b) => tf.where(m, a, b),
      },
      {
        name: 'where with operands that are broadcast',
        inputs: [mask, normals([3], 2), normals([2, 1], 3)],
        op: (m, a, b) => tf.where(m, a, b),
      },
      {
        name: 'addN',
        inputs: [normals([2, 3]), normals([2, 3], 2), normals([2, 3], 3)],
        op: (...x) => tf.addN(x),
      },
      { name: 'an operand twice', inputs: [normals([4])], op: (x) => tf.mul(x, tf.sub(x, tf.square(x))) },
    ]);
  });

  it('keep the gradient that TF.js gives the whole quotient: that of the quotient', async () => {
    await expectTrueGradients([
      {
        name: 'floorDiv',
        inputs: [between(1, 5)([6]), between(1, 2)([6], 2)],
        op: (a, b) => tf.cast(tf.floorDiv(a, b), 'float32'),
        derivativeOf: (a, b) => tf.div(a, b),
      },
    ]);
  });
});

holdVisits(import.meta.url);
