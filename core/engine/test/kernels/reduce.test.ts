// Reductions and scans against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, normal } from './golden.js';

const shapeWithAxes = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray(shape.map((_, i) => i)), fc.boolean()));

describe('reduction kernels', () => {
  it('sums, means and products agree over axes, empty ones included', async () => {
    await fc.assert(
      fc.asyncProperty(shapeWithAxes, async ([shape, axes, keep]) => {
        const x = normal(shape);
        await golden(() => [tf.sum(x, axes, keep), tf.mean(x, axes, keep), tf.prod(x, axes, keep)]);
      }),
      { numRuns: 30, seed: 31 },
    );
  });

  it('extremes agree over axes', async () => {
    await fc.assert(
      fc.asyncProperty(shapeWithAxes, async ([shape, axes, keep]) => {
        const x = normal(shape.map((n) => Math.max(1, n)));
        await golden(() => [tf.max(x, axes, keep), tf.min(x, axes, keep)]);
      }),
      { numRuns: 20, seed: 32 },
    );
  });

  it('integers and bools agree', async () => {
    const [x, b] = [
      tf.tensor2d([3, -1, 2, 5, 0, 7], [2, 3], 'int32'),
      tf.tensor2d([1, 0, 1, 1], [2, 2], 'bool'),
    ];
    await golden(() => [
      tf.sum(x, 0),
      tf.sum(b, 1),
      tf.mean(x),
      tf.prod(x, 1),
      tf.max(x, 1),
      tf.min(x, 0),
      tf.all(b, 0),
      tf.any(b, 1, true),
      tf.all(b),
      tf.cumsum(x, 1),
      tf.argMax(x, 1),
    ]);
  });

  it('places of extremes agree, the first of equals', async () => {
    const x = tf.tensor2d([1, 3, 3, 2, 2, 2], [2, 3]);
    for (const axis of [0, 1, -1]) await golden(() => [tf.argMax(x, axis), tf.argMin(x, axis)]);
    await golden(() => [tf.argMax(normal([2, 3, 4]), 1), tf.argMin(tf.tensor1d([4, 1, 1]))]);
  });

  it('running sums and products agree', async () => {
    const x = normal([2, 5, 3]);
    for (const axis of [0, 1, 2])
      for (const exclusive of [false, true])
        for (const reverse of [false, true])
          await golden(() => [
            tf.cumsum(x, axis, exclusive, reverse),
            tf.cumprod(x, axis, exclusive, reverse),
          ]);
    await golden(() => tf.cumprod(tf.tensor1d([2]), 0, true));
  });

  it('gradients of reductions agree', async () => {
    const x = normal([2, 3, 4]);
    await golden(() => [
      tf.grad((a) => tf.mean(a, [0, 2]).square())(x),
      tf.grad((a) => tf.max(a, 1))(x),
      tf.grad((a) => tf.prod(a, 1))(x),
      tf.grad((a) => tf.logSumExp(a, 1))(x),
      tf.grad((a) => tf.cumsum(a, 2))(x),
    ]);
  });

  it('names an axis that is not there', () => {
    const x = { shape: [2, 3], dtype: 'float32' } as const;
    expect(() => kernelTable.Sum?.shapes({ x }, { axis: 2 })).toThrow(
      'sum: axis 2 is not an axis of a tensor of rank 2',
    );
  });
});

holdVisits(import.meta.url);
