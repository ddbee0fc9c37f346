// Axis order of one example: image layouts, and which axis holds the channels.
import type { DataDescription, Preprocessing } from '../contracts/index.js';
import { elementCount } from '../data/index.js';

/** `plain`: axes that stay as they are. */
export type Order = 'NHWC' | 'NCHW' | 'plain';

export type Lengths = readonly (number | null)[];

export interface Form {
  readonly order: Order;
  readonly shape: Lengths;
  readonly channels: number;
}

/** The form of a field of the data. Three axes without a declared layout are height, width, channels. */
export function formOf(shape: Lengths, preprocessing: DataDescription['preprocessing']): Form {
  const [first, , third] = shape;
  if (shape.length === 3) {
    if (preprocessing?.layout === 'NCHW') return { order: 'NCHW', shape, channels: first ?? 1 };
    return { order: 'NHWC', shape, channels: third ?? 1 };
  }
  const means = Math.max(preprocessing?.mean.length ?? 1, preprocessing?.std.length ?? 1, 1);
  const last = shape.at(-1) ?? 1;
  return { order: 'plain', shape, channels: last % means === 0 ? means : 1 };
}

/**
 * The axis order that a model expects for an image: the one asked for, else the one in which its shape matches the
 * channels, else that of the data. `model` is without the batch axis.
 */
export function wantedOrder(
  asked: Preprocessing['layout'] | undefined,
  model: Lengths | undefined,
  data: Form,
): Order {
  if (asked === 'flat' || (model !== undefined && model.length !== 3)) return 'plain';
  if (asked !== undefined) return asked;
  const first = model?.[0] === data.channels;
  const last = model?.[2] === data.channels;
  if (first !== last) return first ? 'NCHW' : 'NHWC';
  // Flat examples have their channels last.
  return data.order === 'plain' && model ? 'NHWC' : data.order;
}

/** Height, width and channels of a flat example that a model takes as an image; undefined when it is none. */
export function imageOf(
  data: Form,
  model: Lengths,
  order: Order,
): readonly [number, number, number] | undefined {
  if (data.shape.length !== 1 || data.shape[0] === null || order === 'plain') return undefined;
  const pixels = (data.shape[0] as number) / data.channels;
  const [h, w] = order === 'NHWC' ? [model[0], model[1]] : [model[1], model[2]];
  const height = h ?? (w ? pixels / w : Math.sqrt(pixels));
  const width = w ?? pixels / height;
  const whole = Number.isInteger(height) && Number.isInteger(width) && height * width === pixels;
  return whole ? [height, width, data.channels] : undefined;
}

/** The axes of an image in another order. */
export function reordered<T>(shape: readonly T[], from: Order, to: Order): readonly T[] {
  const [a, b, c] = shape as readonly [T, T, T];
  if (from === 'NHWC' && to === 'NCHW') return [c, a, b];
  if (from === 'NCHW' && to === 'NHWC') return [b, c, a];
  return shape;
}

/** Images of a batch with the axes in the other order; `shape` is that of one image as it lies in `data`. */
export function transposeImages<D extends Float32Array | Int32Array | Uint8Array>(
  data: D,
  shape: readonly number[],
  from: 'NHWC' | 'NCHW',
): D {
  const [height, width, channels] = (from === 'NHWC' ? shape : reordered(shape, 'NCHW', 'NHWC')) as readonly [
    number,
    number,
    number,
  ];
  // Either way a matrix is transposed: pixels x channels.
  const pixels = height * width;
  const [rows, columns] = from === 'NHWC' ? [pixels, channels] : [channels, pixels];
  const out = data.slice() as D;
  const image = elementCount(shape);
  for (let start = 0; start < data.length; start += image) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++)
        out[start + column * rows + row] = data[start + row * columns + column] as number;
    }
  }
  return out;
}
