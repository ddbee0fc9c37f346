// What windows over images reach into: padding around them, and how many of their elements are the image's.
import * as tf from '@tensorflow/tfjs';
import type { Attributes } from './kernel.js';

type Image = [number, number, number, number];
type Size = number | [number, number];
type Padding = Parameters<typeof tf.backend_util.computePool2DInfo>[4];

/** One axis of a window that moves over an image. */
interface Axis {
  readonly length: number;
  readonly output: number;
  readonly stride: number;
  /** Elements of the window, and what it spans with dilation. */
  readonly size: number;
  readonly span: number;
  readonly before: number;
}

export interface Window {
  readonly axes: readonly [Axis, Axis];
  readonly padding: 'SAME' | 'VALID' | 'NUMBER' | 'EXPLICIT';
  readonly channelsLast: boolean;
}

/** A convolution's, from the shapes of image and filter. */
export function convolutionWindow(
  image: readonly number[],
  filter: readonly number[],
  attributes: Attributes,
  depthwise: boolean,
): Window {
  return windowOf(
    tf.backend_util.computeConv2DInfo(
      image as Image,
      filter as Image,
      attributes.strides as Size,
      (attributes.dilations ?? 1) as Size,
      attributes.pad as Padding,
      attributes.dimRoundingMode as 'floor' | undefined,
      depthwise,
      attributes.dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast',
    ),
  );
}

export function poolWindow(image: readonly number[], attributes: Attributes): Window {
  return windowOf(
    tf.backend_util.computePool2DInfo(
      image as Image,
      attributes.filterSize as Size,
      attributes.strides as Size,
      1,
      attributes.pad as Padding,
      attributes.dimRoundingMode as 'floor' | undefined,
    ),
  );
}

function windowOf(info: tf.backend_util.Conv2DInfo): Window {
  return {
    padding: info.padInfo.type,
    channelsLast: info.dataFormat === 'channelsLast',
    axes: [
      {
        length: info.inHeight,
        output: info.outHeight,
        stride: info.strideHeight,
        size: info.filterHeight,
        span: info.effectiveFilterHeight,
        before: info.padInfo.top,
      },
      {
        length: info.inWidth,
        output: info.outWidth,
        stride: info.strideWidth,
        size: info.filterWidth,
        span: info.effectiveFilterWidth,
        before: info.padInfo.left,
      },
    ],
  };
}

/** How far the last window reaches beyond the image; below 0, what no window reaches. */
function after({ length, output, stride, span, before }: Axis): number {
  return (output - 1) * stride + span - length - before;
}

/** The image with its padding, as a window without padding sees it. */
export function padded(x: tf.Tensor, { axes }: Window, value = 0): tf.Tensor {
  const pairs = axes.map((axis): [number, number] => [axis.before, Math.max(0, after(axis))]);
  return tf.pad(x, [[0, 0], ...pairs, [0, 0]], value);
}

/** The shape of {@link padded}. */
export function paddedShape(shape: readonly number[], { axes }: Window): number[] {
  return shape.map((length, i) => {
    const axis = axes[i - 1];
    return axis ? length + axis.before + Math.max(0, after(axis)) : length;
  });
}

/** Takes the padding away again. */
export function unpadded(x: tf.Tensor, { axes }: Window): tf.Tensor {
  const [batch, , , channels] = x.shape;
  const begin = [0, ...axes.map(({ before }) => before), 0];
  return tf.slice(x, begin, [batch, ...axes.map(({ length }) => length), channels as number]);
}

/** [1, height, width, 1]: by how much a mean over whole windows is too small, since padding counts for nothing. */
export function share({ axes }: Window): tf.Tensor {
  const [rows, columns] = axes.map(({ length, output, stride, size, before }) =>
    Float32Array.from({ length: output }, (_, i) => {
      const start = i * stride - before;
      return size / (Math.min(start + size, length) - Math.max(start, 0));
    }),
  ) as [Float32Array, Float32Array];
  return tf.mul(tf.tensor(rows, [1, rows.length, 1, 1]), tf.tensor(columns, [1, 1, columns.length, 1]));
}
