// Convolutions and their gradients against TF.js.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { golden, kernel, normal } from './golden.js';

type Pad = 'same' | 'valid' | number;

const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  height: fc.integer({ min: 5, max: 9 }),
  width: fc.integer({ min: 5, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  kernelHeight: fc.integer({ min: 1, max: 4 }),
  kernelWidth: fc.integer({ min: 1, max: 4 }),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom<Pad>('same', 'valid', 0, 1, 2),
});

const gradients = (x: tf.Tensor, filter: tf.Tensor, f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor) =>
  tf.grads((a, b) => f(a as tf.Tensor4D, b as tf.Tensor4D).mul(0.5))([x, filter]);

describe('convolution kernels', () => {
  it('conv2d and its gradients agree over sizes, strides and padding', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const x = normal([g.batch, g.height, g.width, g.channels], 1);
        const filter = normal([g.kernelHeight, g.kernelWidth, g.channels, g.filters], 2);
        const rounding = typeof g.pad === 'number' ? 'floor' : undefined;
        const called = await golden(() =>
          gradients(x, filter, (a, w) => tf.conv2d(a, w, g.strides, g.pad, 'NHWC', 1, rounding)),
        );
        expect(called).toEqual(
          expect.arrayContaining(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']),
        );
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it('depthwise convolutions and their gradients agree over sizes, strides and padding', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const x = normal([g.batch, g.height, g.width, g.channels], 1);
        const filter = normal([g.kernelHeight, g.kernelWidth, g.channels, g.filters], 2);
        const rounding = typeof g.pad === 'number' ? 'floor' : undefined;
        await golden(() =>
          gradients(x, filter, (a, w) => tf.depthwiseConv2d(a, w, g.strides, g.pad, 'NHWC', 1, rounding)),
        );
      }),
      { numRuns: 40, seed: 12 },
    );
  });

  it.each([
    ['same', [1, 2]],
    ['valid', 2],
    [1, [2, 3]],
  ] as const)('dilated filters agree (%s, %s)', async (pad, dilation) => {
    const [x, filter] = [normal([2, 9, 8, 3]), normal([3, 2, 3, 4], 2)];
    const dilations = dilation as number | [number, number];
    const rounding = typeof pad === 'number' ? 'floor' : undefined;
    await golden(() => [
      tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', dilations, rounding),
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', dilations, rounding),
    ]);
  });

  it('explicit padding agrees, also where it is wider than the filter', async () => {
    const explicit: [[0, 0], [number, number], [number, number], [0, 0]][] = [
      [
        [0, 0],
        [1, 2],
        [0, 3],
        [0, 0],
      ],
      [
        [0, 0],
        [4, 0],
        [0, 5],
        [0, 0],
      ],
    ];
    for (const pad of explicit) {
      await golden(() =>
        gradients(normal([1, 6, 5, 2]), normal([3, 3, 2, 2], 2), (a, w) => tf.conv2d(a, w, 1, pad)),
      );
      await golden(() =>
        gradients(normal([1, 6, 5, 2]), normal([3, 3, 2, 2], 2), (a, w) => tf.conv2d(a, w, 2, pad)),
      );
      for (const strides of [1, 2])
        await golden(() =>
          gradients(normal([1, 6, 5, 2]), normal([3, 3, 2, 2], 2), (a, w) =>
            tf.depthwiseConv2d(a, w, strides, pad),
          ),
        );
    }
  });

  it('the filter gradient agrees for many channels too', async () => {
    for (const [strides, pad] of [
      [1, 'same'],
      [[2, 1], 'valid'],
      [2, 'same'],
      [[3, 2], 'same'],
    ] as const) {
      const [x, filter] = [normal([2, 7, 6, 17]), normal([3, 2, 17, 3], 2)];
      await golden(() => gradients(x, filter, (a, w) => tf.conv2d(a, w, strides as [number, number], pad)));
    }
    await golden(() =>
      tf.grads((a, b) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, 2, 'same'))([
        normal([1, 4, 5, 6, 16]),
        normal([2, 3, 2, 16, 3], 2),
      ]),
    );
  });

  it.each(['floor', 'round', 'ceil'] as const)('rounding mode %s agrees', async (rounding) => {
    const [x, filter] = [normal([1, 6, 7, 2]), normal([3, 3, 2, 2], 2)];
    for (const strides of [2, 3, 4]) {
      await golden(() => [
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, 1, 'NHWC', 1, rounding),
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, 0, 'NHWC', 1, rounding),
      ]);
    }
  });

  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const)(
    'fused convolutions agree with activation %s',
    async (activation) => {
      for (const size of [1, 3]) {
        const x = normal([2, 5, 6, 3]) as tf.Tensor4D;
        const filter = normal([size, size, 3, 4], 2) as tf.Tensor4D;
        const deep = normal([size, size, 3, 2], 2) as tf.Tensor4D;
        await golden(() => [
          tf.fused.conv2d({
            x,
            filter,
            strides: 1,
            pad: 'same',
            bias: normal([4], 3),
            activation,
            leakyreluAlpha: 0.1,
          }),
          tf.fused.conv2d({ x, filter, strides: 2, pad: 'valid', activation, leakyreluAlpha: 0.3 }),
          tf.fused.depthwiseConv2d({
            x,
            filter: deep,
            strides: 1,
            pad: 'same',
            bias: normal([6], 3),
            activation,
            leakyreluAlpha: 0.1,
          }),
        ]);
      }
    },
  );

  it('prelu weights agree', async () => {
    const [x, filter] = [normal([2, 5, 6, 3]), normal([3, 3, 3, 4], 2)];
    for (const shape of [[4], [1, 1, 4], [5, 6, 4]]) {
      await kernel(
        'FusedConv2D',
        { x, filter, bias: normal([4], 3), preluActivationWeights: normal(shape, 4) },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'prelu' },
      );
    }
  });

  it('a bias of one number agrees', async () => {
    await kernel(
      'FusedConv2D',
      { x: normal([2, 5, 6, 3]), filter: normal([3, 3, 3, 4], 2), bias: normal([1], 3) },
      { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation: 'relu' },
    );
  });

  it('conv1d agrees', async () => {
    await golden(() =>
      tf.grads((a, b) => tf.conv1d(a as tf.Tensor3D, b as tf.Tensor3D, 2, 'same'))([
        normal([2, 9, 3]),
        normal([3, 3, 4], 2),
      ]),
    );
  });

  it.each(['same', 'valid'] as const)('conv3d and its gradients agree (%s)', async (pad) => {
    for (const strides of [1, 2] as const) {
      await golden(() =>
        tf.grads((a, b) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, strides, pad))([
          normal([2, 4, 5, 6, 2]),
          normal([2, 3, 2, 2, 3], 2),
        ]),
      );
    }
  });

  it('a batch of none gives no gradient', async () => {
    await golden(() =>
      gradients(normal([0, 5, 5, 2]), normal([3, 3, 2, 2], 2), (a, w) => tf.conv2d(a, w, 1, 'same')),
    );
  });

  it('says what does not fit', () => {
    const shapes =
      (name: string, filter: number[], attributes: Record<string, unknown> = {}) =>
      () =>
        kernelTable[name]?.shapes(
          { x: { shape: [1, 8, 8, 3], dtype: 'float32' }, filter: { shape: filter, dtype: 'float32' } },
          { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, ...attributes },
        );
    expect(shapes('Conv2D', [3, 3, 4, 8])).toThrow('conv2d: filter has 4 input channels, image has 3');
    expect(shapes('DepthwiseConv2dNative', [3, 3, 2, 1])).toThrow(
      'depthwiseConv2d: filter has 2 input channels, image has 3',
    );
    expect(shapes('Conv2D', [3, 3, 3, 8], { dataFormat: 'NCHW' })).toThrow(
      'conv2d: data format NCHW cannot be lowered',
    );
    expect(shapes('FusedConv2D', [3, 3, 3, 8], { activation: 'swish' })).toThrow(
      'activation swish is not known',
    );
  });
});

holdVisits(import.meta.url);
