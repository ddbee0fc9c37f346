// The gradient of a convolution for its filter: one product of what the filter's elements see and dy.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { padded, tapsOfChannels } from './layout.js';
import { isPointwise, type Window } from './window.js';

/** Below this many channels, columns are copied channel by channel: runs of a few numbers are slow to copy. */
const fewChannels = 8;

/** `x` channels last, without padding; `dy` [batch, ...output, out]. Gives [elements * in, out]. */
export function filterGradient(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const { filter, strides, inChannels, outChannels } = window;
  if (isPointwise(window) && strides.every((n) => n === 1)) return product(graph, x, dy);
  if (inChannels < fewChannels) return ofFewChannels(graph, x, dy, window);
  // What is copied, in units of one image: all elements of x, or x for the last axis and dy for the others.
  const last = filter.at(-1) ?? 1;
  const others = sizeOf(filter.slice(0, -1));
  const both = last * inChannels + others * outChannels;
  return strides.every((n) => n === 1) && others > 1 && both < others * last * inChannels
    ? fromBothSides(graph, x, dy, window)
    : product(graph, views(graph, padded(graph, x, window), window, x.shape[0] ?? 0), dy);
}

/** x' dy over all pixels; the last axes are columns. */
function product(graph: GraphBuilder, x: Value, dy: Value): Value {
  const [rows, columns] = [x.shape.at(-1) ?? 1, dy.shape.at(-1) ?? 1];
  const pixels = sizeOf(dy.shape.slice(0, -1));
  return graph.op(
    'Gemm',
    [graph.reshape(x, [pixels, rows]), graph.reshape(dy, [pixels, columns])],
    [rows, columns],
    'float32',
    { transA: 1 },
  );
}

type Geometry = Pick<Window, 'filter' | 'output' | 'strides' | 'dilations'>;

/** What the elements of a window see (im2col): [batch, ...output, elements * channels] of a padded image. */
function views(graph: GraphBuilder, x: Value, window: Geometry, batch: number): Value {
  const { filter, output } = window;
  const image = x.shape.slice(1, -1);
  const channels = x.shape.at(-1) ?? 1;
  const elements = sizeOf(filter);
  const pixels = batch * sizeOf(output);
  const key = `views:${batch}:${image}:${output}:${filter}:${window.strides}:${window.dilations}`;
  const places = graph.shared(key, () =>
    graph.constant(placesSeen(window, image, batch), [pixels, elements], 'int32'),
  );
  const flat = graph.reshape(x, [batch * sizeOf(image), channels]);
  const seen = graph.op('Gather', [flat, places], [pixels, elements, channels], 'float32', { axis: 0 });
  return graph.reshape(seen, [batch, ...output, elements * channels]);
}

/** Row-major pixel numbers in a batch of images, for each output and each element of the window. */
function placesSeen(
  { filter, output, strides, dilations }: Geometry,
  image: readonly number[],
  batch: number,
): Int32Array {
  const perAxis = image.map((_, axis) =>
    Array.from({ length: output[axis] ?? 1 }, (_, o) =>
      Array.from(
        { length: filter[axis] ?? 1 },
        (_, k) => o * (strides[axis] ?? 1) + k * (dilations[axis] ?? 1),
      ),
    ),
  );
  // [outputs so far][elements so far] of one image, an axis more at each turn.
  let seen: readonly (readonly number[])[] = [[0]];
  perAxis.forEach((positions, axis) => {
    const length = image[axis] ?? 1;
    seen = seen.flatMap((before) =>
      positions.map((own) => before.flatMap((at) => own.map((position) => at * length + position))),
    );
  });
  const one = Int32Array.from(seen.flat());
  const size = sizeOf(image);
  const all = new Int32Array(one.length * batch);
  for (let i = 0; i < batch; i++)
    all.set(
      one.map((place) => place + i * size),
      i * one.length,
    );
  return all;
}

/**
 * One product for all pairs of a shift of x along the last axis and a shift of dy along the others, with strides of 1:
 * fewer copies than all elements of x, and a product with larger sides.
 */
function fromBothSides(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const { batch, input, output, filter, dilations, before, after, inChannels, outChannels } = window;
  const only = (list: readonly number[], last: boolean, rest: number): number[] =>
    list.map((n, i) => ((i === list.length - 1) === last ? n : rest));
  // x keeps its own places on all axes but the last; dy, turned round between zeros, comes to meet them.
  const grid = [...input.slice(0, -1), output.at(-1) ?? 0];
  const side = padded(graph, x, { ...window, before: only(before, true, 0), after: only(after, true, 0) });
  const ones = filter.map(() => 1);
  const columns = views(
    graph,
    side,
    { filter: only(filter, true, 1), output: grid, strides: ones, dilations },
    batch,
  );
  const reach = filter.map((n, i) => (i === filter.length - 1 ? 0 : (n - 1) * (dilations[i] ?? 1)));
  // Place i takes dy[i + before - k]: with `reach - before` zeros in front that is i + reach - k there.
  const front = reach.map((n, i) => n - (before[i] ?? 0));
  const pads = grid.map((n, i): readonly [number, number] => {
    if (i === grid.length - 1) return [0, 0];
    const first = front[i] ?? 0;
    return [first, n + (reach[i] ?? 0) - first - (output[i] ?? 0)];
  });
  const cropped = graph.slice(
    dy,
    [0, ...pads.map(([first]) => Math.max(0, -first)), 0],
    [
      batch,
      ...output.map((n, i) => n + Math.min(0, pads[i]?.[0] ?? 0) + Math.min(0, pads[i]?.[1] ?? 0)),
      outChannels,
    ],
  );
  const tall = graph.pad(cropped, [
    [0, 0],
    ...pads.map(([first, last]): readonly [number, number] => [Math.max(0, first), Math.max(0, last)]),
    [0, 0],
  ]);
  const turned = views(
    graph,
    tall,
    { filter: only(filter, false, 1), output: grid, strides: ones, dilations },
    batch,
  );
  const last = filter.at(-1) ?? 1;
  const others = sizeOf(filter) / last;
  const pairs = graph.reshape(product(graph, columns, turned), [last * inChannels, others, outChannels]);
  // Element 0 of `turned` is the filter's last.
  const backwards = graph.op(
    'Gather',
    [pairs, graph.ints(Array.from({ length: others }, (_, i) => others - 1 - i))],
    pairs.shape,
    'float32',
    { axis: 1 },
  );
  return graph.reshape(graph.transpose(backwards, [1, 0, 2]), [sizeOf(filter) * inChannels, outChannels]);
}

/** Columns [in, batch, ...] stacked by element times dy. */
function ofFewChannels(graph: GraphBuilder, x: Value, dy: Value, window: Window): Value {
  const wide = padded(graph, x, window);
  const rank = wide.shape.length;
  const first = graph.transpose(wide, [rank - 1, ...Array.from({ length: rank - 1 }, (_, i) => i)]);
  const columns = graph.concat(tapsOfChannels(graph, first, window), 0);
  const [rows, outChannels] = [columns.shape[0] ?? 0, window.outChannels];
  const pixels = sizeOf(dy.shape.slice(0, -1));
  return graph.op(
    'Gemm',
    [graph.reshape(columns, [rows, pixels]), graph.reshape(dy, [pixels, outChannels])],
    [rows, outChannels],
    'float32',
  );
}
