// Pools and their gradients against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { expectAgreement, golden, kernel, normal, record, runLowered } from './golden.js';

const geometry = fc.record({
  height: fc.integer({ min: 4, max: 8 }),
  width: fc.integer({ min: 4, max: 8 }),
  channels: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
});

/** Many equal values, as after a ReLU. */
const tied = (shape: number[]) => tf.tidy(() => tf.relu(tf.round(normal(shape).mul(2))));

describe('pooling kernels', () => {
  it('max pools and their gradients agree, ties included', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const x = tied([2, g.height, g.width, g.channels]);
        await golden(() =>
          tf.grad((a) => tf.maxPool(a as tf.Tensor4D, g.size, g.strides, g.pad).square())(x),
        );
      }),
      { numRuns: 60, seed: 21 },
    );
  });

  it('average pools agree, and their gradients where nothing is padded', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const x = normal([2, g.height, g.width, g.channels]);
        await golden(() => tf.avgPool(x as tf.Tensor4D, g.size, g.strides, g.pad));
        await golden(() =>
          tf.grad((a) => tf.avgPool(a as tf.Tensor4D, g.size, g.strides, 'valid').square())(x),
        );
      }),
      { numRuns: 40, seed: 22 },
    );
  });

  it('the gradient of a padded average pool is the transpose of the pool', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        // <pool(x), dy> = <x, grad(dy)> for a linear map.
        const x = normal([2, g.height, g.width, g.channels]);
        const calls = record(() =>
          tf.grad((a) => tf.avgPool(a as tf.Tensor4D, g.size, g.strides, 'same').square())(x),
        );
        const forward = calls.find((call) => call.kernel === 'AvgPool');
        const backward = calls.find((call) => call.kernel === 'AvgPoolGrad');
        if (!forward || !backward) throw new Error('not recorded');
        const dot = (a: ArrayLike<number> = [], b: ArrayLike<number> = []) =>
          Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
        const [dx] = await runLowered(backward);
        const left = dot(forward.outputs[0]?.data, backward.inputs.dy?.data);
        expect(dot(dx?.data, forward.inputs.x?.data)).toBeCloseTo(left, 3);
      }),
      { numRuns: 25, seed: 23 },
    );
  });

  it.each(['floor', 'round', 'ceil'] as const)('rounding mode %s agrees', async (rounding) => {
    const x = normal([1, 7, 6, 2]) as tf.Tensor4D;
    for (const strides of [1, 2])
      await golden(() => [
        tf.maxPool(x, 3, strides, 1, rounding),
        tf.avgPool(x, 3, strides, 1, rounding),
        tf.maxPool(x, 2, strides, 0, rounding),
      ]);
  });

  it('padding by a number agrees, also where TF.js leaves columns out', async () => {
    const x = normal([2, 7, 8, 2]) as tf.Tensor4D;
    await golden(() => [
      tf.grad((a) => tf.maxPool(a as tf.Tensor4D, [4, 2], [3, 1], 1, 'floor').square())(x),
      tf.avgPool(x, [4, 2], [3, 1], 1, 'floor'),
    ]);
    await kernel(
      'MaxPoolWithArgmax',
      { x },
      { filterSize: [4, 2], strides: [3, 1], pad: 1, includeBatchInIndex: true },
    );
  });

  it('global pools agree', async () => {
    const x = normal([2, 4, 5, 3]);
    await golden(() => tf.grad((a) => tf.avgPool(a as tf.Tensor4D, [4, 5], 1, 'valid'))(x));
    await golden(() => tf.grad((a) => tf.maxPool(a as tf.Tensor4D, [4, 5], 1, 'valid'))(x));
  });

  it('three spatial axes agree', async () => {
    const x = normal([2, 4, 5, 6, 2]);
    for (const strides of [1, 2, 3]) {
      // Not a stride wider than the window: see departures.
      await golden(() => [
        tf.grad((a) => tf.maxPool3d(a as tf.Tensor5D, Math.max(2, strides), strides, 'same').square())(x),
        tf.grad((a) => tf.avgPool3d(a as tf.Tensor5D, 2, strides, 'valid').square())(x),
        tf.avgPool3d(x as tf.Tensor5D, 3, strides, 'same'),
      ]);
    }
  });

  it('places of maxima agree', async () => {
    for (const includeBatchInIndex of [true, false])
      await kernel(
        'MaxPoolWithArgmax',
        { x: normal([2, 5, 6, 3]) },
        { filterSize: 3, strides: 2, pad: 'same', includeBatchInIndex },
      );
  });

  it('a batch of none pools to none', async () => {
    await golden(() => tf.grad((a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid'))(tf.zeros([0, 4, 4, 2])));
  });

  it('integers pool as TF.js does', async () => {
    for (const call of record(() => tf.maxPool(tf.ones<tf.Rank.R4>([1, 4, 4, 1], 'int32'), 2, 2, 'valid')))
      await expectAgreement(call);
  });

  it('refuses windows that see nothing but padding', () => {
    expect(() =>
      kernelTable.MaxPool?.shapes(
        { x: { shape: [1, 5, 5, 1], dtype: 'float32' } },
        { filterSize: 2, strides: 1, pad: 2, dimRoundingMode: 'floor' },
      ),
    ).toThrow('maxPool: a padding of 2 leaves windows of size 2 without any element');
  });
});

holdVisits(import.meta.url);
