// The engine's gradients of dilated convolutions, which TF.js lacks.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { withGradients } from '../../src/kernels/gradients/install.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, normal } from './golden.js';

type Forward = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

/** Central differences of <weights, f(x, filter)> in every element of x and filter. */
function expectGradients(forward: Forward, x: tf.Tensor, filter: tf.Tensor): void {
  tf.tidy(() => {
    const weights = normal(forward(x as tf.Tensor4D, filter as tf.Tensor4D).shape, 9);
    const loss = (a: tf.Tensor, b: tf.Tensor) =>
      tf.sum(tf.mul(forward(a as tf.Tensor4D, b as tf.Tensor4D), weights)).asScalar();
    const [dx, dw] = withGradients(() => tf.grads((a, b) => loss(a, b))([x, filter]));
    const check = (
      value: tf.Tensor,
      gradient: tf.Tensor | undefined,
      at: (value: tf.Tensor) => tf.Scalar,
    ) => {
      const data = value.dataSync();
      const exact = gradient?.dataSync() ?? [];
      for (let i = 0; i < data.length; i++) {
        const moved = (by: number): number => {
          const copy = Float32Array.from(data);
          copy[i] = (copy[i] ?? 0) + by;
          return at(tf.tensor(copy, value.shape)).dataSync()[0] ?? NaN;
        };
        // The loss is linear in each operand, so a large step costs no accuracy.
        expect((moved(1) - moved(-1)) / 2).toBeCloseTo(exact[i] ?? NaN, 3);
      }
    };
    check(x, dx, (a) => loss(a, filter));
    check(filter, dw, (b) => loss(x, b));
  });
}

describe('withGradients', () => {
  it.each([
    ['same', 2],
    ['valid', [1, 2]],
    [1, [2, 3]],
    [
      [
        [0, 0],
        [1, 3],
        [0, 2],
        [0, 0],
      ],
      2,
    ],
    [
      [
        [0, 0],
        [5, 5],
        [0, 0],
        [0, 0],
      ],
      [2, 1],
    ],
  ] as const)('differentiates dilated convolutions (padding %j, dilation %j)', (pad, dilation) => {
    const options = [1, pad as 'same', 'NHWC', dilation as number] as const;
    const rounding = typeof pad === 'string' ? undefined : 'floor';
    const x = normal([1, 7, 8, 2]);
    expectGradients((a, b) => tf.conv2d(a, b, ...options, rounding), x, normal([3, 2, 2, 2], 2));
    expectGradients((a, b) => tf.depthwiseConv2d(a, b, ...options, rounding), x, normal([3, 2, 2, 2], 2));
  });

  it('differentiates dilated conv1d, as time-delay networks need it', async () => {
    const [x, filter] = [normal([2, 9, 3]), normal([3, 3, 4], 2)];
    const called = await golden(() =>
      tf.grads((a, b) => tf.conv1d(a as tf.Tensor3D, b as tf.Tensor3D, 1, 'same', 'NWC', 2))([x, filter]),
    );
    expect(called).toContain('Conv2D');
  });

  it('leaves the others to TF.js', async () => {
    const called = await golden(() =>
      tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'))([
        normal([1, 6, 6, 2]),
        normal([3, 3, 2, 2], 2),
      ]),
    );
    expect(called).toEqual(expect.arrayContaining(['Conv2DBackpropInput', 'Conv2DBackpropFilter']));
  });
});

holdVisits(import.meta.url);
