// Between TF.js's channels last and ONNX's channels first, and the pieces of images that windows see.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { stepSlice } from './emit.js';
import type { Window } from './window.js';

const axesFrom = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => start + i);

/** [N, ..., C] to [N, C, ...]. */
export function channelsFirst(graph: GraphBuilder, x: Value): Value {
  const spatial = x.shape.length - 2;
  return graph.transpose(x, [0, spatial + 1, ...axesFrom(1, spatial)]);
}

/** [N, C, ...] to [N, ..., C]. */
export function channelsLast(graph: GraphBuilder, x: Value): Value {
  const spatial = x.shape.length - 2;
  return graph.transpose(x, [0, ...axesFrom(2, spatial), 1]);
}

/** The last two axes of a filter [..., I, O] to the front: [O, I, ...], or [I, O, ...]. */
export function filterFirst(graph: GraphBuilder, filter: Value, order: 'oi' | 'io'): Value {
  const spatial = filter.shape.length - 2;
  const front = order === 'oi' ? [spatial + 1, spatial] : [spatial, spatial + 1];
  return graph.transpose(filter, [...front, ...axesFrom(0, spatial)]);
}

/** Reverses axes. */
export function reverse(graph: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const turned = (i: number): boolean => axes.includes(i) && (x.shape[i] ?? 0) > 1;
  const begin = x.shape.map((length, i) => (turned(i) ? length - 1 : 0));
  const steps = x.shape.map((_, i) => (turned(i) ? -1 : 1));
  return stepSlice(graph, x, begin, steps, x.shape);
}

/** Pads the spatial axes of a channels-last image so that every window lies within. */
export function padded(graph: GraphBuilder, x: Value, window: Window, fill = 0): Value {
  const spatial = window.before.map((before, i): readonly [number, number] => [
    before,
    Math.max(0, window.after[i] ?? 0),
  ]);
  return graph.pad(x, [[0, 0], ...spatial, [0, 0]], fill);
}

/** Where the window's positions lie, row-major: offsets on each spatial axis. */
function offsets({ filter, dilations }: Window): number[][] {
  return filter.reduce<number[][]>(
    (before, n, axis) =>
      before.flatMap((at) => Array.from({ length: n }, (_, i) => [...at, i * (dilations[axis] ?? 1)])),
    [[]],
  );
}

/** What each position of the window sees, row-major: images of the output's size. `x` is padded, channels last. */
export function taps(graph: GraphBuilder, x: Value, window: Window): Value[] {
  const size = [window.batch, ...window.output, x.shape.at(-1) ?? 1];
  return offsets(window).map((at) => graph.slice(x, [0, ...at, 0], size, [1, ...window.strides, 1]));
}

/** The same of an image that is [C, N, ...]. */
export function tapsOfChannels(graph: GraphBuilder, x: Value, window: Window): Value[] {
  const size = [x.shape[0] ?? 1, window.batch, ...window.output];
  return offsets(window).map((at) => graph.slice(x, [0, 0, ...at], size, [1, 1, ...window.strides]));
}

/** The part of a channels-last image that a window reaches. */
export function cut(graph: GraphBuilder, x: Value, window: Window): Value {
  const begin = x.shape.map(() => 0);
  return graph.slice(x, begin, [x.shape[0] ?? 0, ...window.input, x.shape.at(-1) ?? 0]);
}

/** Zeros for what {@link cut} took away, up to `shape`. */
export function uncut(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return graph.pad(
    x,
    shape.map((length, i): readonly [number, number] => [0, length - (x.shape[i] ?? 0)]),
  );
}
