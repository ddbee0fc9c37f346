// The gradient of a convolution for its filter as a convolution over blocks, where ONNX Runtime has those.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { ops } from '../graph/blocked.js';

import { gather } from './emit.js';
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

/** Above this many pixels of dy in a group, its blocks (a kilobyte a pixel) no longer stay near the processor. */
const mostPixels = 1536;

/** Bands of rows that dy is cut into, all of the same height. */
function bandsOf([rows = 1, columns = 1]: readonly number[]): number {
  for (let bands = 1; bands < rows; bands++)
    if (rows % bands === 0 && (rows / bands) * columns <= mostPixels) return bands;
  return rows;
}

/**
 * Images are the channels here, and dy the filters: `dW[k, o] = sum over n, p of x[n, p + k] dy[n, p, o]`. Columns and channels
 * of x are one axis, on which a step of one pixel is as many places as there are channels, so that one row of outputs holds
 * all elements of a filter's row for all channels: long rows, on which these convolutions are fast. Blocks of images and bands of
 * rows are groups, whose sums are added in the end. x [batch, h, w, in] without padding, dy [batch, ...output, out]; gives
 * [elements * in, out].
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
  const [down = 1, across = 1] = strides;
  const bands = bandsOf(output);
  const band = rows / bands;
  const groups = (batch / block) * bands;
  const image = padded(graph, x, window);
  const [, tall = 1, wide = 1] = image.shape;
  // [blocks of images, rows, columns * channels, block of images]: the reordering takes images for channels, on all threads.
  const channels = graph.reshape(image, [1, batch, tall, wide * inChannels]);
  const images = graph.reshape(graph.op(ops.reorderInput, [channels], channels.shape, 'float32'), [
    batch / block,
    tall,
    wide * inChannels,
    block,
  ]);
  const seen = bands === 1 ? tall : (band - 1) * down + height;
  const cut =
    bands === 1
      ? images
      : gather(
          graph,
          images,
          graph.constant(
            BigInt64Array.from({ length: bands * seen }, (_, i) =>
              BigInt(Math.floor(i / seen) * band * down + (i % seen)),
            ),
            [bands, seen],
            'int64',
          ),
          1,
        );
  const blocks = Math.ceil(outChannels / block);
  const gradient = graph.op(ops.to, [dy], [batch, blocks, rows, columns, block], 'float32');
  const filters = graph.transpose(
    graph.reshape(gradient, [batch / block, block, blocks, bands, band * columns, block]),
    [0, 3, 2, 4, 1, 5],
  );
  const size = [seen - (band - 1) * down, (wide - (columns - 1) * across) * inChannels] as const;
  const parts = graph.op(
    ops.conv,
    [
      graph.reshape(cut, [1, groups * block, seen, wide * inChannels]),
      graph.reshape(filters, [groups * blocks * block, block, band, columns]),
    ],
    [1, groups * blocks * block, ...size],
    'float32',
    {
      kernel_shape: [band, columns],
      strides: [1, 1],
      dilations: [down, across * inChannels],
      pads: [0, 0, 0, 0],
      group: groups,
    },
  );
  const sums = graph.reduce('ReduceSum', graph.reshape(parts, [groups, blocks, ...size, block]), [0], false);
  // Elements that lie past the filter are of pixels that no window reaches.
  const kept = graph.slice(sums, [0, 0, 0, 0], [blocks, height, width * inChannels, block]);
  const elements = sizeOf(filter) * inChannels;
  const whole = graph.reshape(graph.transpose(kept, [1, 2, 0, 3]), [elements, blocks * block]);
  return graph.slice(whole, [0, 0], [elements, outChannels]);
}
