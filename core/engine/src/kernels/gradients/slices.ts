// Gradients of strided slices and of mirrored padding.
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../graph/builder.js';
import { type Gradient, zerosOf } from './gradient.js';

/** Puts `stride - 1` zeros between elements along an axis, and zeros before and after. */
function spread(x: tf.Tensor, axis: number, stride: number, before: number, total: number): tf.Tensor {
  const lengths = (at: number, ...by: number[]): number[] => [
    ...x.shape.slice(0, at),
    ...by,
    ...x.shape.slice(at + 1),
  ];
  const padding = (rank: number, at: number, low: number, high: number): [number, number][] =>
    Array.from({ length: rank }, (_, i) => (i === at ? [low, high] : [0, 0]));
  const count = x.shape[axis] as number;
  let wide = x;
  if (stride > 1) {
    const gaps = tf.pad(tf.reshape(x, lengths(axis, count, 1)), padding(x.rank + 1, axis + 1, 0, stride - 1));
    wide = tf.reshape(gaps, lengths(axis, count * stride));
  }
  const used = Math.min(count * stride, total - before);
  const cut = tf.slice(
    wide,
    x.shape.map(() => 0),
    lengths(axis, used),
  );
  return tf.pad(cut, padding(x.rank, axis, before, total - before - used));
}

export const stridedSlice: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor];
    const at = attributes as unknown as tf.StridedSliceAttrs;
    const { begin, end, strides } = tf.slice_util.sliceInfo(
      x.shape,
      at.begin,
      at.end,
      at.strides,
      at.beginMask,
      at.endMask,
      at.ellipsisMask,
      at.newAxisMask,
      at.shrinkAxisMask,
    );
    return {
      x: () => {
        if (sizeOf((dy as tf.Tensor).shape) === 0) return zerosOf(x);
        // With the axes that were dropped, without those that were put in.
        const dense = x.shape.map((_, i) =>
          Math.ceil(((end[i] as number) - (begin[i] as number)) / (strides[i] as number)),
        );
        return dense.reduce(
          (gradient, count, axis) => {
            const [start, stride] = [begin[axis] as number, strides[axis] as number];
            const forward = stride > 0 ? gradient : tf.reverse(gradient, axis);
            const first = stride > 0 ? start : start + (count - 1) * stride;
            return spread(forward, axis, Math.abs(stride), first, x.shape[axis] as number);
          },
          tf.reshape(dy as tf.Tensor, dense),
        );
      },
    };
  },
};

/** That of TF.js leaves the mirrored parts out. */
export const mirrorPad: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, { paddings, mode }) => {
    const [x] = saved as [tf.Tensor];
    // The border itself is not repeated when it reflects.
    const border = mode === 'reflect' ? 1 : 0;
    return {
      x: () =>
        (paddings as unknown as [number, number][]).reduce((gradient, [before, after], axis) => {
          const length = x.shape[axis] as number;
          const piece = (start: number, size: number): tf.Tensor =>
            tf.slice(
              gradient,
              gradient.shape.map((_, i) => (i === axis ? start : 0)),
              gradient.shape.map((n, i) => (i === axis ? size : n)),
            );
          const placed = (part: tf.Tensor, start: number): tf.Tensor =>
            tf.pad(
              tf.reverse(part, axis),
              part.shape.map((n, i): [number, number] => (i === axis ? [start, length - start - n] : [0, 0])),
            );
          const sums = [piece(before, length)];
          if (before > 0) sums.push(placed(piece(0, before), border));
          if (after > 0) sums.push(placed(piece(before + length, after), length - border - after));
          return tf.addN(sums);
        }, dy as tf.Tensor),
    };
  },
};
