// Gradients of dilated convolutions, which TF.js refuses. Written in TF.js operations, so they hold on every backend.
import * as tf from '@tensorflow/tfjs-core';
import { recordBackendName } from '../../tfjs.js';
import type { Gradient } from './gradient.js';

type Pair = readonly [number, number];
type Padding = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

interface Geometry {
  readonly dilations: Pair;
  readonly filter: Pair;
  readonly output: Pair;
  /** Padding before rows, after rows, before columns, after columns. */
  readonly pads: readonly [number, number, number, number];
}

const pairOf = (value: unknown): Pair => {
  if (typeof value === 'number') return [value, value];
  const [a, b] = (value ?? [1, 1]) as readonly (number | undefined)[];
  return [a ?? 1, b ?? a ?? 1];
};

/** TF.js allows dilation with strides of 1 only, so output positions and input positions move together. */
function geometryOf(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: tf.NamedAttrMap,
  depthwise: boolean,
): Geometry {
  const dilations = pairOf(attributes.dilations);
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    filter.shape,
    1,
    [...dilations],
    attributes.pad as unknown as Padding,
    attributes.dimRoundingMode as unknown as 'floor' | undefined,
    depthwise,
  );
  const { top, left } = info.padInfo;
  const after = (out: number, size: number, dilation: number, length: number, before: number): number =>
    out - 1 + (size - 1) * dilation + 1 - length - before;
  const [height, width] = [filter.shape[0], filter.shape[1]];
  return {
    dilations,
    filter: [height, width],
    output: [info.outHeight, info.outWidth],
    pads: [
      top,
      after(info.outHeight, height, dilations[0], x.shape[1], top),
      left,
      after(info.outWidth, width, dilations[1], x.shape[2], left),
    ],
  };
}

/** What each position of the filter sees: images of the output's size. */
function tapsOf(x: tf.Tensor4D, { dilations, filter, output, pads }: Geometry): tf.Tensor4D[] {
  const [top, bottom, left, right] = pads.map((n) => Math.max(0, n)) as [number, number, number, number];
  const padded = tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const taps: tf.Tensor4D[] = [];
  for (let row = 0; row < filter[0]; row++) {
    for (let column = 0; column < filter[1]; column++) {
      const begin = [0, row * dilations[0], column * dilations[1], 0];
      taps.push(tf.slice(padded, begin, [x.shape[0], output[0], output[1], x.shape[3]]));
    }
  }
  return taps;
}

/** The convolution of `dy` with the filter turned round; `convolve` is the kind of the forward pass. */
function spreadBack(
  dy: tf.Tensor4D,
  { dilations, filter, pads }: Geometry,
  convolve: (padded: tf.Tensor4D, dilations: [number, number]) => tf.Tensor4D,
): tf.Tensor4D {
  const reach = [(filter[0] - 1) * dilations[0], (filter[1] - 1) * dilations[1]] as const;
  const wanted = [reach[0] - pads[0], reach[0] - pads[1], reach[1] - pads[2], reach[1] - pads[3]] as const;
  const [top, bottom, left, right] = wanted.map((n) => Math.max(0, n)) as [number, number, number, number];
  const padded = tf.pad(dy, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  // Padding wider than the filter made outputs that see nothing: cut them off.
  const cut = wanted.map((n) => Math.max(0, -n)) as [number, number, number, number];
  const inner = tf.slice(
    padded,
    [0, cut[0], cut[2], 0],
    [padded.shape[0], padded.shape[1] - cut[0] - cut[1], padded.shape[2] - cut[2] - cut[3], padded.shape[3]],
  );
  return convolve(inner, [...dilations]);
}

function conv2dGradient(dy: tf.Tensor4D, x: tf.Tensor4D, filter: tf.Tensor4D, attributes: tf.NamedAttrMap) {
  const geometry = geometryOf(x, filter, attributes, false);
  return {
    x: () =>
      spreadBack(dy, geometry, (padded, dilations) => {
        const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
        return tf.conv2d(padded, turned, 1, 'valid', 'NHWC', dilations);
      }),
    filter: () => {
      const columns = tf.concat(tapsOf(x, geometry), 3);
      const pixels = columns.shape[0] * columns.shape[1] * columns.shape[2];
      const product = tf.matMul(
        tf.reshape(columns, [pixels, columns.shape[3]]),
        tf.reshape(dy, [pixels, dy.shape[3]]),
        true,
      );
      return tf.reshape(product, filter.shape);
    },
  };
}

function depthwiseGradient(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: tf.NamedAttrMap,
) {
  const geometry = geometryOf(x, filter, attributes, true);
  const [, , channels, multiplier] = filter.shape;
  const [batch, height, width] = dy.shape;
  return {
    x: () => {
      // One depthwise convolution for each of the outputs that a channel has.
      const parts = Array.from({ length: multiplier }, (_, m) => {
        const gradient = tf.slice(
          tf.reshape(dy, [batch, height, width, channels, multiplier]),
          [0, 0, 0, 0, m],
          [batch, height, width, channels, 1],
        );
        const own = tf.reverse(tf.slice(filter, [0, 0, 0, m], [-1, -1, -1, 1]), [0, 1]);
        return spreadBack(
          tf.reshape(gradient, [batch, height, width, channels]),
          geometry,
          (padded, dilations) => tf.depthwiseConv2d(padded, own, 1, 'valid', 'NHWC', dilations),
        );
      });
      return tf.addN(parts);
    },
    filter: () => {
      const gradient = tf.reshape(dy, [batch * height * width, channels, multiplier]);
      const sums = tapsOf(x, geometry).map((tap) =>
        tf.sum(tf.mul(tf.reshape(tap, [batch * height * width, channels, 1]), gradient), 0),
      );
      return tf.reshape(tf.stack(sums), filter.shape);
    },
  };
}

/** While a step is recorded, TF.js's own gradient kernels: the engine lowers them with dilation, which no backend computes. */
function byKernels(
  kernelName: 'Conv2D' | 'DepthwiseConv2dNative',
  dy: tf.Tensor | tf.Tensor[],
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: tf.NamedAttrMap,
) {
  const kernel = (side: 'Input' | 'Filter', inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap) => () =>
    tf
      .engine()
      .runKernel<tf.Tensor>(
        `${kernelName}Backprop${side}`,
        { dy: dy as tf.Tensor, ...inputs },
        { ...attributes, ...shape },
      );
  return {
    x: kernel('Input', { filter }, { inputShape: x.shape }),
    filter: kernel('Filter', { x }, { filterShape: filter.shape }),
  };
}

/** Adds dilation to a registered gradient, which still serves convolutions without it. */
function withDilation(
  kernelName: 'Conv2D' | 'DepthwiseConv2dNative',
  dilated: typeof conv2dGradient,
): (registered: Gradient) => Gradient {
  return (registered) => ({
    ...registered,
    gradFunc(dy, saved, attributes) {
      const [rows, columns] = pairOf(attributes.dilations);
      if (rows === 1 && columns === 1) return registered.gradFunc(dy, saved, attributes);
      const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
      if ((attributes.dataFormat ?? 'NHWC') !== 'NHWC') return registered.gradFunc(dy, saved, attributes);
      return tf.getBackend() === recordBackendName
        ? byKernels(kernelName, dy, x, filter, attributes)
        : dilated(dy as tf.Tensor4D, x, filter, attributes);
    },
  });
}

export const dilatedConvolution = withDilation('Conv2D', conv2dGradient);
export const dilatedDepthwise = withDilation('DepthwiseConv2dNative', depthwiseGradient);
