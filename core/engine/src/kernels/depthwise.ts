// Depthwise convolutions (each channel by itself) and their gradients.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { checkActivation } from './activation.js';
import { convAttributes, finishConv } from './convolution.js';
import { filled } from './emit.js';
import { channelsFirst, channelsLast, cut, filterFirst, padded, reverse, taps, uncut } from './layout.js';
import { numbersOf, operand, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';
import { spread } from './spread.js';
import { onnxPads, reached, windowOf, type Window, type WindowSpec } from './window.js';

const spec: WindowSpec = { name: 'depthwiseConv2d', kind: 'depthwise', spatial: 2 };

const forward: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const window = windowOf(spec, x.shape, operand(inputs, 'filter').shape, attributes);
    checkActivation(attributes, spec.name);
    return [shaped([window.batch, ...window.output, window.outChannels], x.dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = graph.cast(operand(inputs, 'x'), 'float32');
    const filter = graph.cast(operand(inputs, 'filter'), 'float32');
    const window = reached(windowOf(spec, x.shape, filter.shape, attributes));
    const { batch, output, inChannels, outChannels } = window;
    const weights = graph.reshape(filterFirst(graph, filter, 'io'), [outChannels, 1, ...window.filter]);
    const y = finishConv(
      graph,
      (bias) =>
        graph.op(
          'Conv',
          [channelsFirst(graph, cut(graph, x, window)), weights, ...(bias ? [bias] : [])],
          [batch, outChannels, ...output],
          'float32',
          convAttributes(window, inChannels),
        ),
      outChannels,
      inputs,
      attributes,
    );
    return [graph.cast(y, outputs[0]?.dtype ?? 'float32')];
  },
};

const backpropInput: KernelRule = {
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
    if (sizeOf(dy.shape) === 0) return [filled(graph, shape, 0, 'float32')];
    const { inChannels, outChannels } = window;
    const weights = {
      conv: () => filterFirst(graph, reverse(graph, filter, [0, 1]), 'io'),
      transposed: () => graph.reshape(filterFirst(graph, filter, 'io'), [outChannels, 1, ...window.filter]),
    };
    const near = withoutStrides(graph, dy, window);
    const dx = spread(graph, near.window, channelsFirst(graph, near.dy), weights, inChannels, inChannels);
    return [uncut(graph, channelsLast(graph, dx), shape)];
  },
};

/** `dy` with zeros for the places that strides pass over, and the window as it moves over those. */
function withoutStrides(
  graph: GraphBuilder,
  dy: Value,
  window: Window,
): { readonly dy: Value; readonly window: Window } {
  const { batch, output, outChannels, strides, filter, dilations, before, input } = window;
  if (strides.every((n) => n === 1)) return { dy, window };
  const pairs = (second: (axis: number) => number): number[] => output.flatMap((n, i) => [n, second(i)]);
  const apart = graph.pad(graph.reshape(dy, [batch, ...pairs(() => 1), outChannels]), [
    [0, 0],
    ...output.flatMap((_, i): (readonly [number, number])[] => [
      [0, 0],
      [0, (strides[i] ?? 1) - 1],
    ]),
    [0, 0],
  ]);
  const whole = output.map((n, i) => n * (strides[i] ?? 1));
  const reach = filter.map((n, i) => (n - 1) * (dilations[i] ?? 1));
  // The zeros after the last place stay where they do no harm.
  const length = whole.map((n, i) => Math.min(n, (input[i] ?? 0) + (before[i] ?? 0)));
  const laid = graph.reshape(apart, [batch, ...whole, outChannels]);
  return {
    dy: graph.slice(
      laid,
      laid.shape.map(() => 0),
      [batch, ...length, outChannels],
    ),
    window: {
      ...window,
      strides: strides.map(() => 1),
      output: length,
      after: length.map((n, i) => n + (reach[i] ?? 0) - (input[i] ?? 0) - (before[i] ?? 0)),
    },
  };
}

/**
 * One depthwise convolution over all channels of all images at once, with dy as the filters, then the sum over images. Strides
 * and dilations change places: outputs lie `strides` apart in the image, elements of the filter `dilations`.
 */
function filterSums(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const { batch, input, output, filter, strides, dilations, inChannels } = window;
  const all = batch * inChannels;
  const pads = onnxPads(window);
  const size = filter.map((_, i) => {
    const padded = (input[i] ?? 0) + (pads[i] ?? 0) + (pads[i + filter.length] ?? 0);
    return Math.floor((padded - ((output[i] ?? 1) - 1) * (strides[i] ?? 1) - 1) / (dilations[i] ?? 1)) + 1;
  });
  const sums = graph.op(
    'Conv',
    [
      graph.reshape(channelsFirst(graph, x), [1, all, ...input]),
      graph.reshape(channelsFirst(graph, dy), [all, 1, ...output]),
    ],
    [1, all, ...size],
    'float32',
    { kernel_shape: output, strides: dilations, dilations: strides, pads, group: all },
  );
  const perImage = graph.slice(
    graph.reshape(sums, [batch, inChannels, ...size]),
    [0, 0, ...size.map(() => 0)],
    [batch, inChannels, ...filter],
  );
  return graph.transpose(graph.reduce('ReduceSum', perImage, [0], false), [1, 2, 0]);
}

/** With several outputs a channel: one product and sum a tap. */
const backpropFilter: KernelRule = {
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
    const { batch, output, inChannels, outChannels } = window;
    const pixels = batch * sizeOf(output);
    if (pixels === 0) return [filled(graph, shape, 0, 'float32')];
    const multiplier = outChannels / inChannels;
    if (multiplier === 1) return [graph.reshape(filterSums(graph, cut(graph, x, window), dy, window), shape)];
    const gradient = graph.reshape(dy, [pixels, inChannels, multiplier]);
    const sums = taps(graph, padded(graph, cut(graph, x, window), window), window).map((tap) => {
      const seen = graph.reshape(tap, [pixels, inChannels, 1]);
      return graph.reduce('ReduceSum', graph.binary('Mul', seen, gradient), [0], true);
    });
    return [graph.reshape(graph.concat(sums, 0), shape)];
  },
};

export const depthwiseKernels = {
  DepthwiseConv2dNative: forward,
  DepthwiseConv2dNativeBackpropFilter: backpropFilter,
  DepthwiseConv2dNativeBackpropInput: backpropInput,
  FusedDepthwiseConv2D: forward,
} satisfies KernelTable;
