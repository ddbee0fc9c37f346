// Depthwise convolutions (each channel by itself) and their gradients.
import { sizeOf } from '../graph/builder.js';
import { checkActivation } from './activation.js';
import { convAttributes, finishConv } from './convolution.js';
import { filled } from './emit.js';
import { channelsFirst, channelsLast, cut, filterFirst, padded, reverse, taps, uncut } from './layout.js';
import { numbersOf, operand, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';
import { spread } from './spread.js';
import { reached, windowOf, type WindowSpec } from './window.js';

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
    const dx = spread(graph, window, channelsFirst(graph, dy), weights, inChannels, inChannels);
    return [uncut(graph, channelsLast(graph, dx), window, shape)];
  },
};

/** One product and sum a tap: there is nothing for a Gemm to share. */
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
    const single = multiplier === 1;
    const gradient = graph.reshape(dy, single ? [pixels, inChannels] : [pixels, inChannels, multiplier]);
    const sums = taps(graph, padded(graph, cut(graph, x, window), window), window).map((tap) => {
      const seen = graph.reshape(tap, single ? [pixels, inChannels] : [pixels, inChannels, 1]);
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
