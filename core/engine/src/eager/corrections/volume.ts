// Windows over volumes with padding 'same': TF.js pads a negative number of elements where a stride is wider than the window.
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Correction, Inputs } from './kernel.js';

/** How many elements of each spatial axis the windows reach; the others, at the end, are left out. */
function reachedShape(
  shape: readonly number[],
  size: readonly number[],
  { pad, strides, dilations = 1 }: Attributes,
): readonly number[] {
  if (pad !== 'same') return shape;
  const perAxis = (value: unknown, axis: number): number =>
    typeof value === 'number' ? value : ((value as readonly number[])[axis] ?? 1);
  return shape.map((length, i) => {
    if (i === 0 || i === shape.length - 1) return length;
    const [stride, dilation] = [perAxis(strides, i - 1), perAxis(dilations, i - 1)];
    const span = ((size[i - 1] ?? 1) - 1) * dilation + 1;
    const outputs = Math.ceil(length / stride);
    return Math.min(length, (outputs - 1) * stride + span);
  });
}

const sizeOfPool = ({ filterSize }: Attributes): readonly number[] =>
  typeof filterSize === 'number' ? [filterSize, filterSize, filterSize] : (filterSize as readonly number[]);

/** `correct` on the part of the input `name` that windows reach. */
function onReached(
  name: string,
  size: (inputs: Inputs, attributes: Attributes) => readonly number[],
  correct: Correction,
): Correction {
  return (inputs, attributes, original) => {
    const x = inputs[name] as tf.Tensor;
    const shape = reachedShape(x.shape, size(inputs, attributes), attributes);
    return correct({ ...inputs, [name]: cut(x, shape) }, attributes, original);
  };
}

function cut(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (String(x.shape) === String(shape)) return x;
  return tf.slice(
    x,
    shape.map(() => 0),
    [...shape],
  );
}

/** Zeros at the end of each axis, up to `shape`. */
function uncut(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (String(x.shape) === String(shape)) return x;
  return tf.pad(
    x,
    shape.map((length, i): [number, number] => [0, length - (x.shape[i] as number)]),
  );
}

const plain: Correction = (inputs, attributes, original) => original(inputs, attributes);

export const volumeConvolution = onReached('x', ({ filter }) => (filter as tf.Tensor).shape, plain);

export const volumeFilterGradient = onReached(
  'x',
  (_, { filterShape }) => filterShape as readonly number[],
  plain,
);

export const volumeInputGradient: Correction = (inputs, attributes, original) => {
  const whole = attributes.inputShape as readonly number[];
  const inputShape = reachedShape(whole, (inputs.filter as tf.Tensor).shape, attributes);
  return uncut(original(inputs, { ...attributes, inputShape }), whole);
};

export const volumePool = onReached('x', (_, attributes) => sizeOfPool(attributes), plain);

/** Around a correction of the gradient of a pool. */
export const volumePoolGradient =
  (correct: Correction): Correction =>
  (inputs, attributes, original) => {
    const on = onReached('input', (_, at) => sizeOfPool(at), correct);
    return uncut(on(inputs, attributes, original), (inputs.input as tf.Tensor).shape);
  };
