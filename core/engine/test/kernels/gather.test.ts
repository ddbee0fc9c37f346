// Kernels that read and write at given positions against TF.js.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, kernel, normal } from './golden.js';

const ints = (values: number[], shape = [values.length]) => tf.tensor(values, shape, 'int32');

describe('gather and scatter kernels', () => {
  it('gathers agree over axes and batch axes', async () => {
    await golden(() => [
      tf.gather(normal([5, 3]), ints([4, 0, 0])),
      tf.gather(normal([2, 5, 3]), ints([4, 0, 1, 1], [2, 2]), 1),
      tf.gather(normal([2, 5, 3]), ints([4, 0, 1, 1], [2, 2]), 1, 1),
      tf.gather(normal([2, 3, 5, 4]), ints([4, 0, 1, 1], [2, 2]), 2, 1),
      tf.gather(normal([2, 3, 5]), ints([4, 0, 1, 1, 2, 3], [2, 3]), 2, 2),
      tf.gather(normal([5, 3]), tf.scalar(2, 'int32')),
      tf.gather(tf.tensor1d([1, 0, 1], 'bool'), ints([2, 1])),
      tf.gatherND(normal([3, 4, 2]), ints([0, 1, 2, 3], [2, 2])),
      tf.gatherND(normal([3, 4]), ints([2, 0], [2, 1])),
    ]);
  });

  it('embeddings and their gradients agree, repeated indices summed', async () => {
    const indices = ints([1, 1, 3, 0, 1, 3], [2, 3]);
    await golden(() => tf.grad((table) => tf.gather(table as tf.Tensor2D, indices).square())(normal([4, 5])));
  });

  it('segment sums agree for small and for large tables', async () => {
    for (const segments of [3, 9000]) {
      const ids = ints(Array.from({ length: 50 }, (_, i) => (i * i) % (segments + 1)));
      await golden(() => tf.unsortedSegmentSum(normal([50, 4]), ids as tf.Tensor1D, segments));
    }
    await golden(() => tf.unsortedSegmentSum(normal([0, 4]), ints([]) as tf.Tensor1D, 3));
  });

  it('scatters agree', async () => {
    await golden(() => [
      tf.scatterND(ints([1, 3, 1], [3, 1]), normal([3, 2]), [5, 2]),
      tf.scatterND(ints([0, 1, 2, 0, 0, 1], [3, 2]), normal([3]), [3, 2]),
      tf.scatterND(ints([0, 2], [2, 1]), ints([5, 6]), [4]),
      tf.tensorScatterUpdate(normal([4, 2]), ints([1, 3, 1], [3, 1]), normal([3, 2], 2)),
      tf.sparseToDense(ints([1, 4]), normal([2]), [6], 0.5),
      tf.sparseToDense(ints([0, 1, 1, 2], [2, 2]), tf.scalar(3), [2, 3], 0),
    ]);
  });

  it('counts agree', async () => {
    const x = ints([1, 5, 1, 0, 9, 2]);
    const none = tf.tensor1d([]);
    await golden(() => [
      tf.bincount(x as tf.Tensor1D, none, 6),
      tf.bincount(x as tf.Tensor1D, normal([6]) as tf.Tensor1D, 6),
      tf.denseBincount(x.reshape<tf.Tensor2D>([2, 3]), tf.tensor2d([], [0, 0]), 4),
      tf.denseBincount(x.reshape<tf.Tensor2D>([2, 3]), normal([2, 3]) as tf.Tensor2D, 4),
      tf.denseBincount(x.reshape<tf.Tensor2D>([2, 3]), tf.tensor2d([], [0, 0]), 6, true),
    ]);
  });

  it('the largest agree, lower indices of equals first', async () => {
    const x = tf.tensor2d([1, 3, 3, 2, 7, 2, 7, 7], [2, 4]);
    await golden(() => [
      ...Object.values(tf.topk(x, 3)),
      ...Object.values(tf.topk(x.toInt(), 2)),
      ...Object.values(tf.topk(normal([2, 3, 9]), 4)),
    ]);
  });

  it('places in sorted rows agree', async () => {
    const rows = tf.tensor2d([1, 2, 2, 5, 0, 3, 6, 9], [2, 4]);
    const values = tf.tensor2d([2, 0, 7, 3, 9, 10], [2, 3]);
    await golden(() => [tf.searchSorted(rows, values, 'left'), tf.searchSorted(rows, values, 'right')]);
  });

  it('says what does not fit', () => {
    const of =
      (name: string, inputs: Record<string, number[]>, attributes = {}) =>
      () =>
        kernelTable[name]?.shapes(
          Object.fromEntries(
            Object.entries(inputs).map(([key, shape]) => [key, { shape, dtype: 'float32' as const }]),
          ),
          attributes,
        );
    expect(of('GatherV2', { x: [2, 3], indices: [3, 1] }, { axis: 1, batchDims: 1 })).toThrow(
      'gather: batch axis 0 has 2 elements in x, 3 in the indices',
    );
    expect(of('TopK', { x: [2, 3] }, { k: 4 })).toThrow('topk: 4 of 3 elements');
    expect(of('UnsortedSegmentSum', { x: [3, 2], segmentIds: [4] }, { numSegments: 2 })).toThrow(
      'unsortedSegmentSum: segment ids [4] for rows of [3,2]',
    );
  });
});

describe('resize kernels', () => {
  it.each([
    [true, false],
    [false, true],
    [false, false],
  ])('resizing agrees (align corners %s, half pixel centres %s)', async (alignCorners, halfPixelCenters) => {
    for (const size of [
      [3, 8],
      [7, 2],
      [1, 5],
      [5, 5],
    ])
      for (const name of ['ResizeBilinear', 'ResizeNearestNeighbor'])
        await kernel(name, { images: normal([2, 4, 5, 3]) }, { alignCorners, halfPixelCenters, size });
  });

  it.each([true, false])(
    'gradients agree where those of TF.js are right (align corners %s)',
    async (alignCorners) => {
      for (const size of [3, 4, 8, 9] as const) {
        const x = normal([1, 4, 4, 3]);
        await golden(() => [
          tf.grad((a) => tf.image.resizeBilinear(a as tf.Tensor4D, [size, size], alignCorners).square())(x),
          tf.grad((a) => tf.image.resizeNearestNeighbor(a as tf.Tensor4D, [4, 4], alignCorners).square())(x),
        ]);
      }
    },
  );
});

holdVisits(import.meta.url);
