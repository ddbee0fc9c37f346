// Softmax, batch normalisation and local response normalisation against TF.js.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { expectAgreement, golden, normal, uniform } from './golden.js';

describe('normalisation kernels', () => {
  it('softmax agrees', async () => {
    for (const shape of [[4], [3, 5], [2, 3, 4], [0, 3]])
      await golden(() => [tf.softmax(normal(shape)), tf.grad((a) => tf.softmax(a).square())(normal(shape))]);
  });

  it('the logarithm of softmax agrees with tf.logSoftmax', async () => {
    const logits = normal([3, 5]);
    const expected = tf.logSoftmax(logits);
    await expectAgreement({
      kernel: 'LogSoftmax',
      inputs: { logits: { shape: [3, 5], dtype: 'float32', data: logits.dataSync() } },
      attributes: { axis: -1 },
      outputs: [{ shape: [3, 5], dtype: 'float32', data: expected.dataSync() }],
    });
    await golden(() => tf.grad((a) => tf.logSoftmax(a).square())(logits));
  });

  it('batch normalisation and its gradient agree', async () => {
    const [x, mean, variance] = [normal([2, 3, 4, 5]), normal([5], 2), uniform([5], 0.1, 2, 3)];
    const [scale, offset] = [normal([5], 4), normal([5], 5)];
    await golden(() => [
      tf.batchNorm(x, mean, variance),
      tf.batchNorm(x, mean, variance, offset, scale, 0.01),
      tf.batchNorm(x, normal([2, 3, 4, 5], 6), uniform([2, 3, 4, 5], 0.1, 2), normal([2, 3, 4, 5], 7)),
      tf.grads((a, m, v, o, s) =>
        tf.batchNorm(a, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D).square(),
      )([x, mean, variance, offset, scale]),
    ]);
  });

  it('moments and their gradient agree', async () => {
    await golden(() => tf.grad((a) => tf.moments(a, [0, 1]).variance.sqrt())(normal([3, 4, 5])));
  });

  it('local response normalisation and its gradient agree', async () => {
    const x = normal([2, 3, 4, 7]);
    for (const radius of [1, 2, 5])
      await golden(() =>
        tf.grad((a) => tf.localResponseNormalization(a as tf.Tensor4D, radius, 1.5, 0.3, 0.7).square())(x),
      );
  });

  it('says what does not fit', () => {
    expect(() =>
      kernelTable.FusedBatchNorm?.shapes(
        {
          x: { shape: [2, 5], dtype: 'float32' },
          mean: { shape: [4], dtype: 'float32' },
          variance: { shape: [4], dtype: 'float32' },
        },
        {},
      ),
    ).toThrow('batchNorm with mean: shapes [2,5] and [4] do not broadcast');
    // What TF.js runs when it saves the scale that is not there.
    expect(() => kernelTable.Identity?.shapes({ x: undefined }, {})).toThrow(
      'TF.js cannot differentiate tf.batchNorm without a scale',
    );
  });
});

holdVisits(import.meta.url);
