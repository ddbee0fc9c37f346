// Kernels that make, reshape, join, cut and pad against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { expectAgreement, golden, kernel, normal } from './golden.js';

const anyShape = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });

describe('shape kernels', () => {
  it('reshapes, orders and repetitions agree', async () => {
    await fc.assert(
      fc.asyncProperty(anyShape, fc.nat(), async (shape, salt) => {
        const perm = shape
          .map((_, i) => i)
          .sort((a, b) => ((a * 7 + salt) % 5) - ((b * 7 + salt) % 5) || a - b);
        await golden(() => {
          const x = normal(shape);
          return [
            tf.transpose(x, perm),
            tf.tile(
              x,
              shape.map((_, i) => ((salt + i) % 3) + (salt % 2)),
            ),
            tf.expandDims(x, salt % (shape.length + 1)),
            tf.expandDims(x, -1),
            tf.reshape(x, [x.size]),
            tf.reverse(x, [salt % shape.length]),
          ];
        });
      }),
      { numRuns: 25, seed: 51 },
    );
  });

  it('slices agree', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(4), fc.nat(5)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (axes) => {
          const begin = axes.map(([n, start]) => start % n);
          const size = axes.map(([n, start, count]) => Math.min(count, n - (start % n)));
          await golden(() => tf.slice(normal(axes.map(([n]) => n)), begin, size));
        },
      ),
      { numRuns: 25, seed: 52 },
    );
    await golden(() => [tf.slice(normal([4, 5]), [1], [2]), tf.slice(normal([4, 5]), [1, 2], -1)]);
  });

  it('strided slices agree, backwards too', async () => {
    const x = normal([5, 6, 7]);
    await golden(() => [
      tf.stridedSlice(x, [0, 1, 2], [5, 6, 7], [2, 1, 3]),
      tf.stridedSlice(x, [4, 5, 6], [-6, 0, 1], [-1, -2, -3]),
      tf.stridedSlice(x, [1, 0, 0], [3, 1, 1], [1, 1, 1], 0, 0, 0, 0, 0b010),
      tf.stridedSlice(x, [0, 1], [0, 3], [1, 1], 0b01, 0b01, 0b10),
      tf.stridedSlice(x, [0, 0, 0, 0], [0, 5, 6, 7], [1, 1, 1, 1], 0, 0, 0, 0b0001),
    ]);
  });

  it('joins and splits agree', async () => {
    await golden(() => [
      tf.concat([normal([2, 3]), normal([2, 0], 2), normal([2, 1], 3)], 1),
      tf.concat([tf.ones([2], 'int32'), tf.ones([3], 'int32')]),
      tf.concat([tf.ones([2], 'bool'), tf.ones([3], 'bool')]),
      tf.stack([normal([2, 3]), normal([2, 3], 2)], 1),
      tf.stack([normal([2, 3])], -1),
      tf.stack([tf.scalar(1), tf.scalar(2)]),
      ...tf.unstack(normal([2, 3, 4]), 1),
      ...tf.split(normal([2, 6]), 3, 1),
      ...tf.split(normal([5, 2]), [1, 0, -1], 0),
    ]);
  });

  it('padding agrees', async () => {
    await golden(() => [
      tf.pad(
        normal([2, 3]),
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      ),
      tf.pad(tf.ones([2], 'int32'), [[1, 1]], 7),
      tf.pad(tf.ones([2], 'bool'), [[1, 1]]),
      tf.pad(
        normal([0, 2]),
        [
          [1, 1],
          [0, 0],
        ],
        2,
      ),
      tf.mirrorPad(
        normal([3, 4]),
        [
          [2, 1],
          [0, 3],
        ],
        'reflect',
      ),
      tf.mirrorPad(
        normal([3, 4]),
        [
          [3, 1],
          [0, 4],
        ],
        'symmetric',
      ),
    ]);
  });

  it('blocks agree', async () => {
    await golden(() => [
      tf.spaceToBatchND(
        normal([2, 4, 5, 3]),
        [2, 3],
        [
          [0, 0],
          [0, 1],
        ],
      ),
      tf.batchToSpaceND(
        normal([12, 2, 2, 3]),
        [2, 3],
        [
          [0, 1],
          [1, 0],
        ],
      ),
      tf.depthToSpace(normal([2, 3, 2, 12]) as tf.Tensor4D, 2),
    ]);
  });

  it('made tensors agree', async () => {
    await golden(() => [
      tf.fill([2, 3], 4),
      tf.fill([100], 2.5),
      tf.fill([3], 4, 'int32'),
      tf.range(0, 5),
      tf.range(5, 0),
      tf.range(1, 2, 0.3),
      tf.range(3, 3),
      tf.range(2, 9, 3, 'int32'),
      tf.range(9, 2, -3),
      tf.linspace(0, 1, 7),
      tf.linspace(2, 2, 1),
      tf.oneHot(tf.tensor1d([0, 2, 5, -1], 'int32'), 4),
      tf.oneHot(tf.tensor2d([0, 2, 1, 1], [2, 2], 'int32'), 3, 0.9, 0.05),
      tf.oneHot(tf.tensor1d([1], 'int32'), 3, 5, 2, 'int32'),
      tf.cast(tf.tensor1d([-1.7, 0, 2.9]), 'int32'),
      tf.cast(tf.tensor1d([-1.7, 0, 2.9]), 'bool'),
      tf.cast(tf.tensor1d([0, 1], 'bool'), 'float32'),
      tf.cast(tf.tensor1d([0, 3], 'int32'), 'bool'),
      tf.clone(normal([2])),
      tf.zerosLike(tf.ones([2, 3], 'int32')),
      tf.onesLike(normal([70])),
      tf.diag(normal([3])),
      tf.diag(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32')),
    ]);
    await kernel('FlipLeftRight', { image: normal([2, 3, 4, 2]) });
  });

  it('broadcasting agrees with tf.broadcastTo', async () => {
    const x = normal([3, 1]);
    const wide = tf.broadcastTo(x, [2, 3, 4]);
    await expectAgreement({
      kernel: 'BroadcastTo',
      inputs: { x: { shape: x.shape, dtype: 'float32', data: x.dataSync() } },
      attributes: { shape: [2, 3, 4] },
      outputs: [{ shape: wide.shape, dtype: 'float32', data: wide.dataSync() }],
    });
  });

  it('gradients of joins, cuts and repetitions agree', async () => {
    const x = normal([3, 4]);
    await golden(() => [
      tf.grad((a) => tf.concat([a, a.square()], 1))(x),
      tf.grad((a) => tf.stack([a, a.square()], 1))(x),
      tf.grad((a) => tf.slice(a, [1, 1], [2, 2]).square())(x),
      tf.grad((a) => tf.tile(a, [2, 3]).square())(x),
      tf.grad((a) =>
        tf
          .pad(a, [
            [1, 1],
            [0, 2],
          ])
          .square(),
      )(x),
      tf.grad((a) => tf.split(a, 2, 1)[1] ?? a)(x),
      tf.grad((a) => tf.unstack(a, 0)[1] ?? a)(x),
      tf.grad((a) => tf.transpose(a).square())(x),
      tf.grad((a) => tf.reverse(a, 0).square())(x),
    ]);
  });

  it('says what does not fit', () => {
    const x = { shape: [2, 3], dtype: 'float32' } as const;
    const of = (name: string, attributes: Record<string, unknown>) => () =>
      kernelTable[name]?.shapes({ x }, attributes);
    expect(of('Reshape', { shape: [4, -1] })).toThrow('reshape: 6 elements do not fit the shape [4,-1]');
    expect(of('Slice', { begin: [1, 0], size: [2, 3] })).toThrow(
      'slice: elements 1 to 3 of axis 0, which has 2',
    );
    expect(of('SplitV', { numOrSizeSplits: 2, axis: 1 })).toThrow(
      'split: 3 elements do not divide into 2 parts',
    );
    expect(of('Transpose', { perm: [0, 0] })).toThrow('transpose: [0,0] is not an order of 2 axes');
    expect(() =>
      kernelTable.Concat?.shapes({ '0': x, '1': { shape: [3, 3], dtype: 'float32' } }, { axis: 1 }),
    ).toThrow('concat: shapes [2,3] and [3,3] differ beside axis 1');
  });
});

holdVisits(import.meta.url);
