// Convolutions of two and three spatial axes, and their gradients. Channels last, as TF.js has them.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { activate, checkActivation } from './activation.js';
import { blockedFilterGradient, canBlock } from './blocked-filter-gradient.js';
import { filled } from './emit.js';
import { filterGradient } from './filter-gradient.js';
import { channelsFirst, channelsLast, cut, filterFirst, reverse, uncut } from './layout.js';
import { broadcastShapes, misfit, numbersOf, operand, optional, shaped, textOf } from './operands.js';
import type { KernelAttributes, KernelInputs, KernelRule, KernelTable } from './rule.js';
import { spread, spreadByPhases } from './spread.js';
import { onnxPads, reached, windowOf, type Window, type WindowSpec } from './window.js';

/** Attributes of an ONNX Conv for a window. */
export function convAttributes(
  window: Window,
  group = 1,
): Readonly<Record<string, number | readonly number[]>> {
  return {
    kernel_shape: window.filter,
    strides: window.strides,
    dilations: window.dilations,
    pads: onnxPads(window),
    group,
  };
}

/** A bias that a Conv or Gemm can take in: one number a channel. */
function channelBias(graph: GraphBuilder, bias: Value | undefined, channels: number): Value | undefined {
  if (!bias || sizeOf(bias.shape) !== channels || bias.shape.at(-1) !== channels) return undefined;
  return graph.reshape(bias, [channels]);
}

/**
 * Adds a bias and applies the activation of a fused kernel to a channels-first result. Both are done before going back
 * to channels last where that is possible, so that ONNX Runtime can fuse them into the Conv.
 */
export function finishConv(
  graph: GraphBuilder,
  first: (bias: Value | undefined) => Value,
  channels: number,
  inputs: KernelInputs<Value>,
  attributes: KernelAttributes,
): Value {
  const bias = optional(inputs, 'bias');
  const inside = channelBias(graph, bias, channels);
  const y = first(inside);
  if ((bias && !inside) || textOf(attributes, 'activation') === 'prelu') {
    const last = channelsLast(graph, y);
    return activate(graph, bias && !inside ? graph.binary('Add', last, bias) : last, inputs, attributes);
  }
  return channelsLast(graph, activate(graph, y, inputs, attributes));
}

/** A convolution, with the bias and activation of fused kernels. */
function forward(spec: WindowSpec): KernelRule {
  return {
    shapes(inputs, attributes) {
      const x = operand(inputs, 'x');
      const window = windowOf(spec, x.shape, operand(inputs, 'filter').shape, attributes);
      checkActivation(attributes, spec.name);
      const shape = [window.batch, ...window.output, window.outChannels];
      const bias = optional(inputs, 'bias');
      if (bias && broadcastShapes(shape, bias.shape, `${spec.name} with bias`).join() !== shape.join()) {
        throw misfit(`${spec.name}: a bias of shape [${bias.shape.join(',')}] is larger than the result`);
      }
      return [shaped(shape, x.dtype)];
    },
    lower({ graph, inputs, attributes, outputs }) {
      const x = graph.cast(operand(inputs, 'x'), 'float32');
      const filter = graph.cast(operand(inputs, 'filter'), 'float32');
      const window = reached(windowOf(spec, x.shape, filter.shape, attributes));
      const { batch, output, outChannels } = window;
      const type = outputs[0]?.dtype ?? 'float32';
      if (window.inChannels === 0) {
        return [filled(graph, [batch, ...output, outChannels], 0, type)];
      }
      const y = finishConv(
        graph,
        (bias) =>
          graph.op(
            'Conv',
            [
              channelsFirst(graph, cut(graph, x, window)),
              filterFirst(graph, filter, 'oi'),
              ...(bias ? [bias] : []),
            ],
            [batch, outChannels, ...output],
            'float32',
            convAttributes(window),
          ),
        outChannels,
        inputs,
        attributes,
      );
      return [graph.cast(y, type)];
    },
  };
}

/** Gradient for the image. */
function backpropInput(spec: WindowSpec): KernelRule {
  return {
    shapes(inputs, attributes) {
      const shape = numbersOf(attributes, 'inputShape');
      windowOf(spec, shape, operand(inputs, 'filter').shape, attributes, operand(inputs, 'dy').shape);
      return [shaped(shape, 'float32')];
    },
    lower({ graph, inputs, attributes }) {
      const dy = operand(inputs, 'dy');
      const filter = operand(inputs, 'filter');
      const shape = numbersOf(attributes, 'inputShape');
      const window = reached(windowOf(spec, shape, filter.shape, attributes, dy.shape));
      const { inChannels } = window;
      if (sizeOf(dy.shape) === 0) return [filled(graph, shape, 0, 'float32')];
      const wide = window.strides.some((n) => n > 1);
      if (wide && spec.spatial === 2 && window.dilations.every((n) => n === 1))
        return [uncut(graph, spreadByPhases(graph, window, dy, filter), shape)];
      const spatialAxes = window.filter.map((_, i) => i);
      const weights = {
        conv: () => filterFirst(graph, reverse(graph, filter, spatialAxes), 'io'),
        transposed: () => filterFirst(graph, filter, 'oi'),
      };
      const dx = spread(graph, window, channelsFirst(graph, dy), weights, inChannels);
      return [uncut(graph, channelsLast(graph, dx), shape)];
    },
  };
}

/** Gradient for the filter: products of what the window sees and dy. */
function backpropFilter(spec: WindowSpec): KernelRule {
  return {
    shapes(inputs, attributes) {
      const shape = numbersOf(attributes, 'filterShape');
      windowOf(spec, operand(inputs, 'x').shape, shape, attributes, operand(inputs, 'dy').shape);
      return [shaped(shape, 'float32')];
    },
    lower({ graph, inputs, attributes, target }) {
      const x = graph.cast(operand(inputs, 'x'), 'float32');
      const dy = operand(inputs, 'dy');
      const shape = numbersOf(attributes, 'filterShape');
      const window = reached(windowOf(spec, x.shape, shape, attributes, dy.shape));
      const pixels = window.batch * sizeOf(window.output);
      if (pixels === 0) return [filled(graph, shape, 0, 'float32')];
      const image = cut(graph, x, window);
      const product = canBlock(window, target.block)
        ? blockedFilterGradient(graph, image, dy, window, target.block)
        : filterGradient(graph, image, dy, window);
      return [graph.reshape(product, shape)];
    },
  };
}

const conv2d = { name: 'conv2d', kind: 'convolution', spatial: 2 } as const;
const conv3d = { name: 'conv3d', kind: 'convolution', spatial: 3 } as const;

export const convolutionKernels = {
  Conv2D: forward(conv2d),
  Conv2DBackpropFilter: backpropFilter(conv2d),
  Conv2DBackpropInput: backpropInput(conv2d),
  Conv3D: forward(conv3d),
  Conv3DBackpropFilterV2: backpropFilter(conv3d),
  Conv3DBackpropInputV2: backpropInput(conv3d),
  FusedConv2D: forward(conv2d),
} satisfies KernelTable;
