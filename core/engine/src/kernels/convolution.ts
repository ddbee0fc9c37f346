// Convolutions of two and three spatial axes, and their gradients. Channels last, as TF.js has them.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { activate, checkActivation } from './activation.js';
import { filled } from './emit.js';
import {
  channelsFirst,
  channelsLast,
  cut,
  filterFirst,
  padded,
  reverse,
  taps,
  tapsOfChannels,
  uncut,
} from './layout.js';
import { broadcastShapes, misfit, numbersOf, operand, optional, shaped, textOf } from './operands.js';
import type { KernelAttributes, KernelInputs, KernelRule, KernelTable } from './rule.js';
import { isPointwise, onnxPads, reached, windowOf, type Window, type WindowSpec } from './window.js';

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

/** 1x1: a product of [pixels, channels] and [channels, channels]. Strides leave pixels out. */
function pointwise(
  graph: GraphBuilder,
  window: Window,
  x: Value,
  filter: Value,
  inputs: KernelInputs<Value>,
  attributes: KernelAttributes,
): Value {
  const { batch, output, inChannels, outChannels, strides } = window;
  const seen = graph.slice(
    cut(graph, x, window),
    x.shape.map(() => 0),
    [batch, ...output, inChannels],
    [1, ...strides, 1],
  );
  const pixels = batch * sizeOf(output);
  const bias = optional(inputs, 'bias');
  const inside = channelBias(graph, bias, outChannels);
  const operands = [
    graph.reshape(seen, [pixels, inChannels]),
    graph.reshape(filter, [inChannels, outChannels]),
    ...(inside ? [inside] : []),
  ];
  const y = graph.reshape(graph.op('Gemm', operands, [pixels, outChannels], 'float32'), [
    batch,
    ...output,
    outChannels,
  ]);
  return activate(graph, bias && !inside ? graph.binary('Add', y, bias) : y, inputs, attributes);
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
      if (isPointwise(window))
        return [graph.cast(pointwise(graph, window, x, filter, inputs, attributes), type)];
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

/**
 * Spreads channels-first `dy` back over the input. With strides of 1 that is a Conv with the filter turned round
 * (faster in ONNX Runtime), else a ConvTranspose. `conv` and `transposed` give the weights for each.
 */
export function spread(
  graph: GraphBuilder,
  window: Window,
  dy: Value,
  weights: { readonly conv: () => Value; readonly transposed: () => Value },
  channels: number,
  group = 1,
): Value {
  const { filter, strides, dilations, before, after, input } = window;
  const reach = filter.map((n, i) => (n - 1) * (dilations[i] ?? 1));
  const front = reach.map((n, i) => n - (before[i] ?? 0));
  const back = reach.map((n, i) => n - (after[i] ?? 0));
  const shape = [dy.shape[0] ?? 0, channels, ...input];
  if (strides.every((n) => n === 1) && [...front, ...back].every((n) => n >= 0)) {
    return graph.op('Conv', [dy, weights.conv()], shape, 'float32', {
      kernel_shape: filter,
      strides,
      dilations,
      pads: [...front, ...back],
      group,
    });
  }
  return graph.op('ConvTranspose', [dy, weights.transposed()], shape, 'float32', {
    kernel_shape: filter,
    strides,
    dilations,
    pads: onnxPads(window),
    output_padding: after.map((n) => Math.max(0, -n)),
    group,
  });
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
      const { batch, input, output, inChannels, outChannels } = window;
      const spatialAxes = window.filter.map((_, i) => i);
      if (sizeOf(dy.shape) === 0) return [filled(graph, shape, 0, 'float32')];
      if (isPointwise(window) && input.every((n, i) => n === output[i])) {
        const pixels = batch * sizeOf(output);
        const product = graph.op(
          'Gemm',
          [graph.reshape(dy, [pixels, outChannels]), graph.reshape(filter, [inChannels, outChannels])],
          [pixels, inChannels],
          'float32',
          { transB: 1 },
        );
        return [uncut(graph, graph.reshape(product, [batch, ...input, inChannels]), window, shape)];
      }
      const weights = {
        conv: () => filterFirst(graph, reverse(graph, filter, spatialAxes), 'io'),
        transposed: () => filterFirst(graph, filter, 'oi'),
      };
      const dx = spread(graph, window, channelsFirst(graph, dy), weights, inChannels);
      return [uncut(graph, channelsLast(graph, dx), window, shape)];
    },
  };
}

/** Below this many channels, columns are copied channel by channel: runs of a few numbers are slow to copy. */
const fewChannels = 16;

/** dy' columns with columns [C, N, ...] stacked by position: one product. */
function filterOfFewChannels(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const rank = x.shape.length;
  const first = graph.transpose(x, [rank - 1, ...Array.from({ length: rank - 1 }, (_, i) => i)]);
  const columns = graph.concat(tapsOfChannels(graph, first, window), 0);
  const [pixels, outChannels] = [dy.shape[0] ?? 0, dy.shape[1] ?? 0];
  const rows = columns.shape[0] ?? 0;
  return graph.op('Gemm', [graph.reshape(columns, [rows, pixels]), dy], [rows, outChannels], 'float32');
}

/**
 * One product for each position on the first spatial axis, over columns (im2col) of the others. Full columns would be
 * as many times larger, and took longer to copy than the fewer products save.
 */
function filterByStrips(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const { filter, output, strides } = window;
  const across: Window = {
    ...window,
    filter: [1, ...filter.slice(1)],
    output: [x.shape[1] ?? 0, ...output.slice(1)],
    strides: [1, ...strides.slice(1)],
  };
  const columns = graph.concat(taps(graph, x, across), x.shape.length - 1);
  const down: Window = {
    ...window,
    filter: filter.map((n, i) => (i === 0 ? n : 1)),
    strides: strides.map((n, i) => (i === 0 ? n : 1)),
  };
  const [pixels, outChannels] = [dy.shape[0] ?? 0, dy.shape[1] ?? 0];
  const rows = columns.shape.at(-1) ?? 0;
  const products = taps(graph, columns, down).map((strip) =>
    graph.op('Gemm', [graph.reshape(strip, [pixels, rows]), dy], [rows, outChannels], 'float32', {
      transA: 1,
    }),
  );
  return graph.concat(products, 0);
}

/** Gradient for the filter: products of what the window sees and dy. */
function backpropFilter(spec: WindowSpec): KernelRule {
  return {
    shapes(inputs, attributes) {
      const shape = numbersOf(attributes, 'filterShape');
      windowOf(spec, operand(inputs, 'x').shape, shape, attributes, operand(inputs, 'dy').shape);
      return [shaped(shape, 'float32')];
    },
    lower({ graph, inputs, attributes }) {
      const x = graph.cast(operand(inputs, 'x'), 'float32');
      const dy = operand(inputs, 'dy');
      const shape = numbersOf(attributes, 'filterShape');
      const window = reached(windowOf(spec, x.shape, shape, attributes, dy.shape));
      const pixels = window.batch * sizeOf(window.output);
      if (pixels === 0) return [filled(graph, shape, 0, 'float32')];
      const seen = padded(graph, cut(graph, x, window), window);
      const gradient = graph.reshape(dy, [pixels, window.outChannels]);
      const few = window.inChannels < fewChannels && !isPointwise(window);
      const product = (few ? filterOfFewChannels : filterByStrips)(graph, seen, gradient, window);
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
