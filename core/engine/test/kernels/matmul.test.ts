// Matrix products against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, kernel, normal } from './golden.js';

const product = fc.record({
  rows: fc.integer({ min: 0, max: 4 }),
  inner: fc.integer({ min: 0, max: 4 }),
  columns: fc.integer({ min: 1, max: 4 }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  // Batches that broadcast from both sides are left out: TF.js pairs them wrongly.
  batchA: fc.constantFrom<number[]>([], [1], [3], [2, 3]),
  batchB: fc.constantFrom<number[]>([], [1], [3], [2, 3]),
});

describe('matrix product kernels', () => {
  it('products agree over batches and transposes', async () => {
    await fc.assert(
      fc.asyncProperty(product, async (p) => {
        const a = normal([...p.batchA, ...(p.transposeA ? [p.inner, p.rows] : [p.rows, p.inner])], 1);
        const b = normal([...p.batchB, ...(p.transposeB ? [p.columns, p.inner] : [p.inner, p.columns])], 2);
        await golden(() => tf.matMul(a, b, p.transposeA, p.transposeB));
      }),
      { numRuns: 60, seed: 41 },
    );
  });

  it('gradients agree', async () => {
    await golden(() => tf.grads((a, b) => tf.matMul(a, b))([normal([3, 4]), normal([4, 2], 2)]));
    await golden(() =>
      tf.grads((a, b) => tf.matMul(a, b, true, true))([normal([2, 4, 3]), normal([2, 5, 4], 2)]),
    );
    await golden(() => tf.grads((a, b) => tf.dot(a, b))([normal([4]), normal([4], 2)]));
  });

  it('integers agree', async () => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
    await golden(() => tf.matMul(a, a));
  });

  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const)(
    'fused products agree with activation %s',
    async (activation) => {
      for (const bias of [undefined, normal([5], 3), normal([1, 5], 3), normal([3, 5], 3), tf.scalar(0.5)]) {
        await golden(() =>
          tf.fused.matMul({
            a: normal([3, 4]),
            b: normal([4, 5], 2),
            ...(bias ? { bias } : {}),
            activation,
            leakyreluAlpha: 0.3,
          }),
        );
      }
    },
  );

  it('batched bias and prelu weights agree', async () => {
    const attributes = { transposeA: false, transposeB: false, activation: 'prelu' };
    for (const shape of [[5], [3, 5], [2, 3, 5]]) {
      await kernel(
        '_FusedMatMul',
        {
          a: normal([2, 3, 4]),
          b: normal([1, 4, 5], 2),
          bias: normal(shape, 3),
          preluActivationWeights: normal(shape, 4),
        },
        attributes,
      );
    }
  });

  it('sums of products agree', async () => {
    await golden(() => [
      tf.einsum('ij,jk->ik', normal([2, 3]), normal([3, 4], 2)),
      tf.einsum('bij,bkj->bik', normal([2, 3, 4]), normal([2, 5, 4], 2)),
      tf.einsum('ij->ji', normal([2, 3])),
      tf.einsum('ij->i', normal([2, 3])),
      tf.einsum('i,j->ij', normal([2]), normal([3], 2)),
    ]);
  });

  it('says what does not fit', () => {
    const shapes =
      (a: number[], b: number[], attributes = {}) =>
      () =>
        kernelTable.BatchMatMul?.shapes(
          { a: { shape: a, dtype: 'float32' }, b: { shape: b, dtype: 'float32' } },
          { transposeA: false, transposeB: false, ...attributes },
        );
    expect(shapes([2, 3], [4, 5])).toThrow('matMul: a [2,3] has 3 columns, b [4,5] has 4 rows');
    expect(shapes([2, 3], [4, 5], { transposeB: true })).toThrow('b [4,5] transposed has 5 rows');
    expect(shapes([3], [3, 4])).toThrow('matMul: operand a has rank 1, at least 2 is needed');
    expect(() =>
      kernelTable.Einsum?.shapes(
        { '0': { shape: [2, 3], dtype: 'float32' }, '1': { shape: [4, 5], dtype: 'float32' } },
        { equation: 'ij,jk->ik' },
      ),
    ).toThrow('einsum: j of ij,jk->ik is 3 long in one operand, 4 in another');
  });
});

holdVisits(import.meta.url);
