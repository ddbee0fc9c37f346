// The gradient of a convolution for its filter as a convolution over blocks, where ONNX Runtime has those.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { ops } from '../graph/blocked.js';

import { padded } from './layout.js';
import type { Window } from './window.js';

/** Whether {@link blockedFilterGradient} can do it: images in whole blocks, outputs that can be put in blocks. */
export function canBlock({ batch, filter, outChannels, dilations }: Window, block: number): boolean {
  return (
    block > 0 &&
    batch % block === 0 &&
    filter.length === 2 &&
    outChannels % 4 === 0 &&
    outChannels >= 8 &&
    dilations.every((n) => n === 1)
  );
}

/**
 * Images are the channels here, and dy the filters: `dW[k, o] = sum over n, p of x[n, p + k] dy[n, p, o]`. Columns and channels
 * of x are one axis, on which a step of one pixel is as many places as there are channels, so that one row of outputs holds
 * all elements of a filter's row for all channels: long rows, which these convolutions want. x [batch, h, w, in] without
 * padding, dy [batch, ...output, out]; gives [elements * in, out].
 */
export function blockedFilterGradient(
  graph: GraphBuilder,
  x: Value,
  dy: Value,
  window: Window,
  block: number,
): Value {
  const { batch, filter, strides, output, inChannels, outChannels } = window;
  const [height = 1, width = 1] = filter;
  const [rows = 1, columns = 1] = output;
  const groups = batch / block;
  const image = padded(graph, x, window);
  const [, tall = 1, wide = 1] = image.shape;
  // [images / block, rows, columns * channels, block of images].
  const images = graph.transpose(graph.reshape(image, [groups, block, tall * wide * inChannels]), [0, 2, 1]);
  const blocks = Math.ceil(outChannels / block);
  const gradient = graph.op(ops.to, [dy], [batch, blocks, rows, columns, block], 'float32');
  const filters = graph.transpose(
    graph.reshape(gradient, [groups, block, blocks, rows * columns, block]),
    [2, 0, 3, 1, 4],
  );
  const [down = 1, across = 1] = strides;
  const size = [tall - (rows - 1) * down, (wide - (columns - 1) * across) * inChannels] as const;
  const sums = graph.op(
    ops.conv,
    [
      graph.reshape(images, [1, batch, tall, wide * inChannels]),
      graph.reshape(filters, [blocks * block, batch, rows, columns]),
    ],
    [1, blocks * block, ...size],
    'float32',
    {
      kernel_shape: output,
      strides: [1, 1],
      dilations: [down, across * inChannels],
      pads: [0, 0, 0, 0],
      group: 1,
    },
  );
  // Elements that lie past the filter are of pixels that no window reaches.
  const kept = graph.slice(
    graph.reshape(sums, [blocks, ...size, block]),
    [0, 0, 0, 0],
    [blocks, height, width * inChannels, block],
  );
  const elements = sizeOf(filter) * inChannels;
  const whole = graph.reshape(graph.transpose(kept, [1, 2, 0, 3]), [elements, blocks * block]);
  return graph.slice(whole, [0, 0], [elements, outChannels]);
}
