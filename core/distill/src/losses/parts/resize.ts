// Brings feature maps to one size: average pool, bilinear and nearest, each a matrix along each axis.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { constant } from './constant.js';

const interpolations = ['average', 'bilinear', 'nearest'] as const;

/**
 * How a map gets another size, as PyTorch does it: `average` is `adaptive_avg_pool2d`, `bilinear` and `nearest` are
 * `interpolate` (without `align_corners`, without antialiasing).
 */
export type Interpolation = (typeof interpolations)[number];

const resizeSides = ['larger', 'smaller', 'student', 'teacher', 'none'] as const;

/** Whose map takes the other’s size where they differ. */
export type ResizeSide = (typeof resizeSides)[number];

/** Options `resize` and `interpolation` of a loss on feature maps. */
export function resizeOptions(side: ResizeSide, how: Interpolation) {
  return {
    resize: z
      .enum(resizeSides)
      .default(side)
      .describe(
        'Whose feature map takes the size of the other where height and width differ: the larger, the smaller, the student’s, the teacher’s, or none: then it is an error.',
      ),
    interpolation: z
      .enum(interpolations)
      .default(how)
      .describe('How: adaptive average pooling, bilinear or nearest, each as in PyTorch.'),
  };
}

/** Weights of the inputs 0..from-1 in each of `to` outputs. */
const weights: Record<Interpolation, (from: number, to: number, at: number, input: number) => number> = {
  average(from, to, at, input) {
    const start = Math.floor((at * from) / to);
    const end = Math.ceil(((at + 1) * from) / to);
    return input >= start && input < end ? 1 / (end - start) : 0;
  },
  nearest: (from, to, at, input) => (input === Math.floor((at * from) / to) ? 1 : 0),
  bilinear(from, to, at, input) {
    const place = Math.max(0, ((at + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(place), from - 1);
    const high = Math.min(low + 1, from - 1);
    const share = place - low;
    return (input === low ? 1 - share : 0) + (input === high ? share : 0);
  },
};

/** [1, to, from]. */
function axisMatrix(how: Interpolation, from: number, to: number): tf.Tensor3D {
  const values = Array.from({ length: to * from }, (_, i) =>
    weights[how](from, to, Math.floor(i / from), i % from),
  );
  return tf.reshape(constant(values), [1, to, from]);
}

/** [batch, h, w, channels] to [batch, height, width, channels]. Differentiable. */
export function resizeMap(
  map: tf.Tensor,
  [height, width]: readonly [number, number],
  how: Interpolation,
): tf.Tensor4D {
  const [batch, h, w, channels] = map.shape as [number, number, number, number];
  let result = map;
  if (h !== height)
    result = tf.matMul(axisMatrix(how, h, height), tf.reshape(result, [batch, h, w * channels]));
  if (w !== width)
    result = tf.matMul(axisMatrix(how, w, width), tf.reshape(result, [batch * height, w, channels]));
  return tf.reshape(result, [batch, height, width, channels]);
}

/** Student's and teacher's map at one size; the other side stays as it is. Maps that agree are returned as they are. */
export function resizePair(
  student: tf.Tensor,
  teacher: tf.Tensor,
  side: Exclude<ResizeSide, 'none'>,
  how: Interpolation,
): { readonly student: tf.Tensor; readonly teacher: tf.Tensor } {
  const size = ({ shape: [, h = 1, w = 1] }: tf.Tensor) => [h, w] as const;
  const [mine, theirs] = [size(student), size(teacher)];
  if (mine.join() === theirs.join()) return { student, teacher };
  const studentIsLarger = mine[0] * mine[1] > theirs[0] * theirs[1];
  const changed =
    side === 'student' || (side === 'larger' && studentIsLarger) || (side === 'smaller' && !studentIsLarger);
  return changed
    ? { student: resizeMap(student, theirs, how), teacher }
    : { student, teacher: resizeMap(teacher, mine, how) };
}
