// Elementwise kernels of two operands against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { broadcastable } from '../helpers/shapes.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, kernel, normal, uniform } from './golden.js';

const arithmetic = [
  'Add',
  'Sub',
  'Multiply',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'RealDiv',
  'Mod',
  'Atan2',
  'FloorDiv',
];
const comparisons = ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'];

describe('binary kernels', () => {
  it.each([...arithmetic, ...comparisons])('%s agrees with TF.js over broadcast shapes', async (name) => {
    await fc.assert(
      fc.asyncProperty(broadcastable, async ({ a, b }) => {
        await kernel(name, { a: normal(a, 3), b: normal(b, 4) });
      }),
      { numRuns: 12, seed: 7 },
    );
  });

  it.each([...arithmetic, ...comparisons])('%s of integers agrees with TF.js', async (name) => {
    const a = tf.tensor1d([-7, -1, 0, 3, 8, 8], 'int32');
    const b = tf.tensor1d([2, -3, 5, 3, -3, 4], 'int32');
    await kernel(name, { a, b });
  });

  it.each(comparisons)('%s of bools agrees with TF.js', async (name) => {
    await kernel(name, { a: tf.tensor1d([0, 0, 1, 1], 'bool'), b: tf.tensor1d([0, 1, 0, 1], 'bool') });
  });

  it('powers agree', async () => {
    await golden(() => [
      tf.pow(uniform([5], 0.1, 3), normal([4, 1])),
      tf.pow(normal([5]), tf.scalar(2)),
      tf.pow(tf.tensor1d([2, 3, -2], 'int32'), tf.tensor1d([3, 0, 2], 'int32')),
    ]);
  });

  it('logic agrees', async () => {
    const [a, b] = [tf.tensor1d([0, 0, 1, 1], 'bool'), tf.tensor1d([0, 1, 0, 1], 'bool')];
    await golden(() => [tf.logicalAnd(a, b), tf.logicalOr(a, b), tf.logicalXor(a, b)]);
  });

  it('atan2 knows its quadrants and axes', async () => {
    const [a, b] = [tf.tensor1d([1, 1, -1, -1, 0, 1, -1, 0]), tf.tensor1d([1, -1, 1, -1, 0, 0, 0, -2])];
    await golden(() => tf.atan2(a, b));
  });

  it('bitwise and agrees', async () => {
    await kernel('BitwiseAnd', { a: tf.tensor1d([5, 12], 'int32'), b: tf.tensor1d([3, 10], 'int32') });
  });

  it('choice and sums of many agree', async () => {
    await golden(() => [
      tf.where(tf.tensor2d([1, 0, 0, 1], [2, 2], 'bool'), normal([2, 2]), normal([2, 2], 2)),
      tf.where(tf.scalar(1, 'bool'), tf.ones([2, 3], 'int32'), tf.zeros([2, 3], 'int32')),
      tf.addN([normal([2, 3]), normal([2, 3], 2), normal([2, 3], 3)]),
      tf.addN([tf.ones([2], 'int32'), tf.ones([2], 'int32')]),
      tf.addN([normal([2])]),
    ]);
  });

  it('says which shapes do not broadcast', () => {
    const [a, b] = [
      { shape: [2, 3], dtype: 'float32' },
      { shape: [4], dtype: 'float32' },
    ] as const;
    expect(() => kernelTable.RealDiv?.shapes({ a, b }, {})).toThrow(
      'realDiv: shapes [2,3] and [4] do not broadcast',
    );
  });
});

holdVisits(import.meta.url);
