// Host tensors for tests, the same for the same seed: drawn so that a function's kinks stay away.
import { type HostTensor, randomStream } from '@potstill/engine';
import { sizeOf } from '../../src/graph/builder.js';

type Shape = readonly number[];

const float = (shape: Shape, data: Float32Array): HostTensor => ({ dtype: 'float32', shape, data });

/** Standard normal numbers. */
export const normals = (shape: Shape, seed = 1): HostTensor =>
  float(shape, randomStream(seed).normal(sizeOf(shape)));

/** Uniform on [low, high). */
export const between =
  (low: number, high: number) =>
  (shape: Shape, seed = 1) =>
    float(
      shape,
      randomStream(seed)
        .uniform(sizeOf(shape))
        .map((u) => low + u * (high - low)),
    );

/** Both signs, with magnitudes on [least, most). */
export const apart =
  (least: number, most: number) =>
  (shape: Shape, seed = 1) =>
    float(
      shape,
      randomStream(seed)
        .uniform(sizeOf(shape))
        .map((u) => (u < 0.5 ? least + 2 * u * (most - least) : -least - (2 * u - 1) * (most - least))),
    );

/** Different multiples of `gap` in random order, both signs, none nearer to 0 than half a gap: maxima are unique. */
export const distinct = (shape: Shape, seed = 1, gap = 0.05): HostTensor => {
  const size = sizeOf(shape);
  const order = randomStream(seed).permutation(size);
  return float(
    shape,
    Float32Array.from({ length: size }, (_, i) => ((order[i] as number) - Math.floor(size / 2) + 0.5) * gap),
  );
};

export const int32 = (values: readonly number[], shape: Shape = [values.length]): HostTensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

export const bool = (values: readonly number[], shape: Shape = [values.length]): HostTensor => ({
  dtype: 'bool',
  shape,
  data: Uint8Array.from(values),
});

/** Whole numbers from 0 below `below`. */
export const indices = (below: number, shape: Shape, seed = 1): HostTensor => {
  const random = randomStream(seed);
  return int32(
    Array.from({ length: sizeOf(shape) }, (_, i) => random.integer(below, i)),
    shape,
  );
};
