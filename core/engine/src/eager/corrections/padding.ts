// Convolutions and pooling with padding in numbers, which tfjs-node refuses: it knows 'same' and 'valid'. The image is padded first.
import * as tf from '@tensorflow/tfjs';
import type { Attributes, Correction, Inputs } from './kernel.js';
import {
  convolutionWindow,
  padded,
  paddedShape,
  poolWindow,
  share,
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

const pooled =
  (image: string): Windows =>
  (inputs, attributes) =>
    poolWindow(tensor(inputs, image).shape, attributes);

export const numericPadding: Readonly<Record<string, Correction>> = {
  Conv2D: convolution(false),
  FusedConv2D: convolution(false),
  Conv2DBackpropInput: imageGradient(false),
  Conv2DBackpropFilter: filterGradient(false),
  DepthwiseConv2dNative: convolution(true),
  FusedDepthwiseConv2D: convolution(true),
  DepthwiseConv2dNativeBackpropInput: imageGradient(true),
  DepthwiseConv2dNativeBackpropFilter: filterGradient(true),
  MaxPool: numeric(pooled('x'), (window, inputs, attributes, original) =>
    original({ x: padded(tensor(inputs, 'x'), window, -Infinity) }, attributes),
  ),
  MaxPoolGrad: numeric(pooled('input'), (window, inputs, attributes, original) => {
    const input = padded(tensor(inputs, 'input'), window, -Infinity);
    return unpadded(original({ ...inputs, input }, attributes), window);
  }),
  AvgPool: numeric(pooled('x'), (window, inputs, attributes, original) =>
    tf.mul(original({ x: padded(tensor(inputs, 'x'), window) }, attributes), share(window)),
  ),
  AvgPoolGrad: numeric(pooled('input'), (window, inputs, attributes, original) => {
    const input = padded(tensor(inputs, 'input'), window);
    const dy = tf.mul(tensor(inputs, 'dy'), share(window));
    return unpadded(original({ dy, input }, attributes), window);
  }),
};
