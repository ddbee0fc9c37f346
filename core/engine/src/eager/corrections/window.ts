// What windows over images reach into: padding around them, and how many of their elements are the image's.
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes } from './kernel.js';

type Image = [number, number, number, number];
type Volume = [number, number, number, number, number];
type Size = number | [number, number];
type Padding = Parameters<typeof tf.backend_util.computePool2DInfo>[4];
type Rounding = 'floor' | 'round' | 'ceil';

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
  readonly axes: readonly Axis[];
  readonly padding: string;
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

/**
 * Of pooling over two or three axes. Gradients of TF.js do not hand the rounding of the output's size on: there it
 * is found by `output`, the shape of `dy`.
 */
export function poolWindow(
  image: readonly number[],
  attributes: Attributes,
  output?: readonly number[],
): Window {
  const window = pool(image, attributes, attributes.dimRoundingMode as Rounding | undefined);
  const fits = !output || window.axes.every((axis, i) => axis.output === output[i + 1]);
  return fits ? window : pool(image, attributes, 'ceil');
}

function pool(image: readonly number[], attributes: Attributes, rounding: Rounding | undefined): Window {
  const { filterSize, strides, pad } = attributes;
  if (image.length === 5) {
    const [size, steps] = [filterSize, strides] as Parameters<typeof tf.backend_util.computePool3DInfo>[1][];
    return windowOf(
      tf.backend_util.computePool3DInfo(
        image as Volume,
        size as number,
        steps as number,
        1,
        pad as 'same',
        rounding,
      ),
    );
  }
  return windowOf(
    tf.backend_util.computePool2DInfo(
      image as Image,
      filterSize as Size,
      strides as Size,
      1,
      pad as Padding,
      rounding,
    ),
  );
}

function windowOf(info: tf.backend_util.Conv2DInfo | tf.backend_util.Conv3DInfo): Window {
  const rows: Axis = {
    length: info.inHeight,
    output: info.outHeight,
    stride: info.strideHeight,
    size: info.filterHeight,
    span: info.effectiveFilterHeight,
    before: info.padInfo.top,
  };
  const columns: Axis = {
    length: info.inWidth,
    output: info.outWidth,
    stride: info.strideWidth,
    size: info.filterWidth,
    span: info.effectiveFilterWidth,
    before: info.padInfo.left,
  };
  const axes = [rows, columns];
  if ('inDepth' in info)
    axes.unshift({
      length: info.inDepth,
      output: info.outDepth,
      stride: info.strideDepth,
      size: info.filterDepth,
      span: info.effectiveFilterDepth,
      before: info.padInfo.front,
    });
  return { padding: info.padInfo.type, channelsLast: info.dataFormat === 'channelsLast', axes };
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
  const begin = [0, ...axes.map(({ before }) => before), 0];
  return tf.slice(x, begin, [-1, ...axes.map(({ length }) => length), -1]);
}

/** `x` of the output's shape, times that by which a mean over whole windows is too small: padding counts for nothing. */
export function shared(x: tf.Tensor, { axes }: Window): tf.Tensor {
  return axes.reduce((value, { length, output, stride, size, before }, i) => {
    const factors = Float32Array.from({ length: output }, (_, at) => {
      const start = at * stride - before;
      return size / (Math.min(start + size, length) - Math.max(start, 0));
    });
    if (factors.every((factor) => factor === 1)) return value;
    const shape = x.shape.map((_, axis) => (axis === i + 1 ? output : 1));
    return tf.mul(value, tf.tensor(factors, shape));
  }, x);
}
