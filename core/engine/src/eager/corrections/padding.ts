// Convolutions and pooling with padding in numbers, which tfjs-node refuses: it knows 'same' and 'valid'. The image is padded first.
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Correction, Inputs } from './kernel.js';
import {
  convolutionWindow,
  padded,
  paddedShape,
  poolWindow,
  shared,
  unpadded,
  type Window,
} from './window.js';

type Windows = (inputs: Inputs, attributes: Attributes) => Window;
type InWindow = (window: Window, ...rest: Parameters<Correction>) => tf.Tensor;

/** `correct` for padding in numbers, else the backend's own kernel. Attributes come with the padding gone. */
function numeric(windows: Windows, correct: InWindow): Correction {
  return (inputs, attributes, original) => {
    const window = windows(inputs, attributes);
    const own = window.padding === 'SAME' || window.padding === 'VALID' || !window.channelsLast;
    if (own) return original(inputs, attributes);
    const without = { ...attributes, pad: 'valid', dimRoundingMode: undefined };
    return correct(window, inputs, without, original);
  };
}

const tensor = (inputs: Inputs, name: string): tf.Tensor => inputs[name] as tf.Tensor;
const shapeOf = (attributes: Attributes, name: string) => attributes[name] as readonly number[];

function convolution(depthwise: boolean): Correction {
  return numeric(
    (inputs, attributes) =>
      convolutionWindow(tensor(inputs, 'x').shape, tensor(inputs, 'filter').shape, attributes, depthwise),
    (window, inputs, attributes, original) =>
      original({ ...inputs, x: padded(tensor(inputs, 'x'), window) }, attributes),
  );
}

function imageGradient(depthwise: boolean): Correction {
  return numeric(
    (inputs, attributes) =>
      convolutionWindow(
        shapeOf(attributes, 'inputShape'),
        tensor(inputs, 'filter').shape,
        attributes,
        depthwise,
      ),
    (window, inputs, attributes, original) => {
      const inputShape = paddedShape(shapeOf(attributes, 'inputShape'), window);
      return unpadded(original(inputs, { ...attributes, inputShape }), window);
    },
  );
}

function filterGradient(depthwise: boolean): Correction {
  return numeric(
    (inputs, attributes) =>
      convolutionWindow(tensor(inputs, 'x').shape, shapeOf(attributes, 'filterShape'), attributes, depthwise),
    (window, inputs, attributes, original) =>
      original({ ...inputs, x: padded(tensor(inputs, 'x'), window) }, attributes),
  );
}

const forward = (inputs: Inputs, attributes: Attributes): Window =>
  poolWindow(tensor(inputs, 'x').shape, attributes);

const backward = (inputs: Inputs, attributes: Attributes): Window =>
  poolWindow(tensor(inputs, 'input').shape, attributes, tensor(inputs, 'dy').shape);

const max = numeric(forward, (window, { x }, attributes, original) =>
  original({ x: padded(x as tf.Tensor, window, -Infinity) }, attributes),
);

const average = numeric(forward, (window, { x }, attributes, original) =>
  shared(original({ x: padded(x as tf.Tensor, window) }, attributes), window),
);

/** Right on every backend: the size of `dy` says how the output's size was rounded, and padding counts for nothing. */
export const maxGradient = numeric(backward, (window, inputs, attributes, original) => {
  const input = padded(tensor(inputs, 'input'), window, -Infinity);
  return unpadded(original({ ...inputs, input }, attributes), window);
});

const averageGradient = numeric(backward, (window, inputs, attributes, original) => {
  const input = padded(tensor(inputs, 'input'), window);
  return unpadded(original({ dy: shared(tensor(inputs, 'dy'), window), input }, attributes), window);
});

/** The cpu backend divides by the size of the window also where padding was left out of the average. */
export const cpuAverageGradient: Correction = (inputs, attributes, original) => {
  const window = backward(inputs, attributes);
  if (window.padding !== 'SAME') return averageGradient(inputs, attributes, original);
  return original({ ...inputs, dy: shared(tensor(inputs, 'dy'), window) }, attributes);
};

export const numericPadding: Readonly<Record<string, Correction>> = {
  Conv2D: convolution(false),
  FusedConv2D: convolution(false),
  Conv2DBackpropInput: imageGradient(false),
  Conv2DBackpropFilter: filterGradient(false),
  DepthwiseConv2dNative: convolution(true),
  FusedDepthwiseConv2D: convolution(true),
  DepthwiseConv2dNativeBackpropInput: imageGradient(true),
  DepthwiseConv2dNativeBackpropFilter: filterGradient(true),
  MaxPool: max,
  MaxPool3D: max,
  MaxPoolGrad: maxGradient,
  MaxPool3DGrad: maxGradient,
  AvgPool: average,
  AvgPool3D: average,
  AvgPoolGrad: averageGradient,
  AvgPool3DGrad: averageGradient,
};
