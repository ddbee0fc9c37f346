// Gradients of convolutions against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

type Pad = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]];

const explicit: Pad = [
  [0, 0],
  [1, 2],
  [0, 3],
  [0, 0],
];
const rounding = (pad: Pad) => (typeof pad === 'number' ? ('floor' as const) : undefined);

const geometry = fc.record({
  batch: fc.integer({ min: 0, max: 2 }),
  height: fc.integer({ min: 4, max: 7 }),
  width: fc.integer({ min: 4, max: 7 }),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  kernelHeight: fc.integer({ min: 1, max: 4 }),
  kernelWidth: fc.integer({ min: 1, max: 3 }),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom<Pad>('same', 'valid', 0, 1, 2, explicit),
});
type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

const image = (g: Geometry) => normals([g.batch, g.height, g.width, g.channels]);
const filter = (g: Geometry, outputs = g.filters) =>
  normals([g.kernelHeight, g.kernelWidth, g.channels, outputs], 2);

/** Dilated filters may be wider than the image. */
const fits = (g: Geometry): boolean =>
  g.pad === 'same' ||
  ((g.kernelHeight - 1) * g.dilations[0] < g.height && (g.kernelWidth - 1) * g.dilations[1] < g.width);

describe('gradients of convolutions', () => {
  it('are the derivatives over sizes, strides and padding: plain, depthwise, separable, grouped', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const { strides, pad } = g;
        const plain = (x: tf.Tensor4D, w: tf.Tensor4D) =>
          tf.conv2d(x, w, strides, pad, 'NHWC', 1, rounding(pad));
        const cases: Case[] = [
          { name: 'plain', inputs: [image(g), filter(g)], op: plain },
          {
            name: 'depthwise',
            inputs: [image(g), filter(g)],
            op: (x: tf.Tensor4D, w: tf.Tensor4D) =>
              tf.depthwiseConv2d(x, w, strides, pad, 'NHWC', 1, rounding(pad)),
          },
          {
            name: 'grouped',
            inputs: [
              normals([g.batch, g.height, g.width, g.channels * 2]),
              normals([g.kernelHeight, g.kernelWidth, g.channels, g.filters * 2], 2),
            ],
            op: (x: tf.Tensor4D, w: tf.Tensor4D) => {
              const weights = tf.split<tf.Tensor4D>(w, 2, 3);
              return tf.concat(
                tf.split<tf.Tensor4D>(x, 2, 3).map((part, i) => plain(part, weights[i] as tf.Tensor4D)),
                3,
              );
            },
          },
        ];
        if ((pad === 'same' || pad === 'valid') && strides[0] === strides[1])
          cases.push({
            name: 'separable',
            inputs: [image(g), filter(g, 2), normals([1, 1, g.channels * 2, g.filters], 3)],
            op: (x: tf.Tensor4D, w: tf.Tensor4D, point: tf.Tensor4D) =>
              tf.separableConv2d(x, w, point, strides, pad),
          });
        await expectTrueGradients(cases);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('are the derivatives for dilated filters', async () => {
    await fc.assert(
      fc.asyncProperty(geometry.filter(fits), async (g) => {
        const { dilations, pad } = g;
        await expectTrueGradients([
          {
            name: 'plain',
            inputs: [image(g), filter(g)],
            op: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, pad, 'NHWC', dilations, rounding(pad)),
          },
          {
            name: 'depthwise',
            inputs: [image(g), filter(g)],
            op: (x: tf.Tensor4D, w: tf.Tensor4D) =>
              tf.depthwiseConv2d(x, w, 1, pad, 'NHWC', dilations, rounding(pad)),
          },
        ]);
      }),
      { numRuns: 12, seed: 2 },
    );
  });

  it('are the derivatives for transposed convolutions', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (g) => {
        const pad = typeof g.pad === 'string' ? g.pad : 'same';
        const [rows, columns] = g.strides;
        // A transposed convolution gives the size that a convolution of these strides would have taken.
        const size = (length: number, stride: number, kernel: number): number =>
          pad === 'same' ? length * stride : (length - 1) * stride + kernel;
        const shape = [
          g.batch,
          size(g.height, rows, g.kernelHeight),
          size(g.width, columns, g.kernelWidth),
          g.filters,
        ] as [number, number, number, number];
        await expectTrueGradients([
          {
            name: 'transposed',
            inputs: [image(g), normals([g.kernelHeight, g.kernelWidth, g.filters, g.channels], 2)],
            op: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2dTranspose(x, w, shape, g.strides, pad),
          },
        ]);
      }),
      { numRuns: 12, seed: 3 },
    );
  });

  it('are the derivatives for one and three spatial axes', async () => {
    const line = fc.record({
      batch: fc.integer({ min: 0, max: 2 }),
      length: fc.integer({ min: 5, max: 8 }),
      channels: fc.integer({ min: 1, max: 3 }),
      filters: fc.integer({ min: 1, max: 3 }),
      size: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
    });
    await fc.assert(
      fc.asyncProperty(line, async (g) => {
        const [x, w] = [
          normals([g.batch, g.length, g.channels]),
          normals([g.size, g.channels, g.filters], 2),
        ];
        const volume = normals([g.batch, 4, g.length, 3, g.channels]);
        const kernel = normals([g.size, 1 + (g.stride % 2), 2, g.channels, g.filters], 2);
        await expectTrueGradients([
          {
            name: 'conv1d',
            inputs: [x, w],
            op: (a: tf.Tensor3D, b: tf.Tensor3D) => tf.conv1d(a, b, g.stride, g.pad),
          },
          {
            name: 'dilated conv1d',
            inputs: [x, w],
            op: (a: tf.Tensor3D, b: tf.Tensor3D) => tf.conv1d(a, b, 1, g.pad, 'NWC', g.dilation),
          },
          {
            name: 'conv3d',
            inputs: [volume, kernel],
            op: (a: tf.Tensor5D, b: tf.Tensor5D) => tf.conv3d(a, b, [g.stride, 1, g.dilation], g.pad),
          },
          {
            name: 'transposed conv3d',
            inputs: [normals([g.batch, 2, 3, 2, g.filters]), normals([2, 3, 2, g.channels, g.filters], 2)],
            op: (a: tf.Tensor5D, b: tf.Tensor5D) =>
              tf.conv3dTranspose(a, b, [g.batch, 4, 6, 4, g.channels], 2, 'same'),
          },
        ]);
      }),
      { numRuns: 12, seed: 4 },
    );
  });

  it('are the derivatives through fused bias and activation', async () => {
    const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const;
    await expectTrueGradients(
      activations.flatMap((activation): Case[] => [
        {
          name: `conv2d ${activation}`,
          inputs: [normals([2, 5, 4, 3]), normals([3, 2, 3, 2], 2), normals([2], 3)],
          op: (x: tf.Tensor4D, w: tf.Tensor4D, bias: tf.Tensor1D) =>
            activation === 'leakyrelu' || activation === 'sigmoid' || activation === 'elu'
              ? activate(activation, tf.add(tf.conv2d(x, w, 2, 'same'), bias))
              : tf.fused.conv2d({ x, filter: w, strides: 2, pad: 'same', bias, activation }),
        },
        {
          name: `depthwiseConv2d ${activation}`,
          inputs: [normals([2, 5, 4, 3]), normals([3, 2, 3, 2], 2), normals([6], 3)],
          op: (x: tf.Tensor4D, w: tf.Tensor4D, bias: tf.Tensor1D) =>
            activation === 'leakyrelu' || activation === 'sigmoid' || activation === 'elu'
              ? activate(activation, tf.add(tf.depthwiseConv2d(x, w, 1, 'same'), bias))
              : tf.fused.depthwiseConv2d({ x, filter: w, strides: 1, pad: 'same', bias, activation }),
        },
      ]),
    );
  });
});

/** TF.js has no gradient of these when they are fused. */
const activate = (name: 'leakyrelu' | 'sigmoid' | 'elu', x: tf.Tensor): tf.Tensor =>
  name === 'leakyrelu' ? tf.leakyRelu(x, 0.3) : name === 'sigmoid' ? tf.sigmoid(x) : tf.elu(x);

holdVisits(import.meta.url);
