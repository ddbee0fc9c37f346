// The gradient of a convolution for its input: dy spread back over what each window saw.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { gather } from './emit.js';
import { channelsFirst, channelsLast } from './layout.js';
import { onnxPads, type Window } from './window.js';

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

/** On one axis: which filter element meets which `dy` for each place of the input within a stride. */
interface Phases {
  /** Elements of `dy` that any place looks at, and the first of them relative to its own. */
  readonly taps: number;
  readonly first: number;
  /** `at[tap][phase]`: the filter's element, or undefined where there is none. */
  readonly at: readonly (readonly (number | undefined)[])[];
}

/** input[q * stride + phase] takes dy[q + offset] times filter[k] where q * stride + phase + before = (q + offset) * stride + k. */
function phasesOf(size: number, stride: number, before: number): Phases {
  const met = Array.from({ length: stride }, (_, phase) =>
    Array.from({ length: size }, (_, k) => ({ k, offset: (phase + before - k) / stride })).filter(
      ({ offset }) => Number.isInteger(offset),
    ),
  );
  const offsets = met.flat().map(({ offset }) => offset);
  const first = Math.min(...offsets);
  const taps = Math.max(...offsets) - first + 1;
  return {
    taps,
    first,
    at: Array.from({ length: taps }, (_, tap) =>
      met.map((list) => list.find(({ offset }) => offset === first + tap)?.k),
    ),
  };
}

/**
 * The same for wide strides of two spatial axes, without dilation: one Conv over `dy` computes all places within a stride
 * as channels of their own, which are then laid side by side. No product with inserted zeros, no sums over columns.
 * `filter` [h, w, in, out], `dy` channels last; gives the input's shape, channels last.
 */
export function spreadByPhases(graph: GraphBuilder, window: Window, dy: Value, filter: Value): Value {
  const { batch, filter: size, strides, before, input, inChannels, outChannels } = window;
  const phases = size.map((n, i) => phasesOf(n, strides[i] ?? 1, before[i] ?? 0));
  const [rows, columns] = phases as [Phases, Phases];
  const [down, across] = strides as [number, number];
  const elements = sizeOf(size);
  // An element of zeros stands after the last, for places that a tap does not reach.
  const list = graph.pad(graph.reshape(filter, [elements, inChannels, outChannels]), [
    [0, 1],
    [0, 0],
    [0, 0],
  ]);
  const order = rows.at.flatMap((row) =>
    columns.at.flatMap((column) =>
      row.flatMap((k) =>
        column.map((l) => (k === undefined || l === undefined ? elements : k * (size[1] ?? 1) + l)),
      ),
    ),
  );
  const places = down * across;
  const taken = gather(graph, list, graph.ints(order), 0);
  const arranged = graph.transpose(
    graph.reshape(taken, [rows.taps, columns.taps, places, inChannels, outChannels]),
    [2, 3, 4, 0, 1],
  );
  const weights = graph.reshape(arranged, [places * inChannels, outChannels, rows.taps, columns.taps]);
  const coarse = input.map((n, i) => Math.ceil(n / (strides[i] ?? 1)));
  const pads = [
    ...phases.map(({ first }) => -first),
    ...phases.map(({ first, taps }, i) => (coarse[i] ?? 0) - (dy.shape[i + 1] ?? 0) + first + taps - 1),
  ];
  // A crop, where dy lies outside of what the places look at.
  const inner = graph.slice(
    dy,
    [0, ...phases.map((_, i) => Math.max(0, -(pads[i] ?? 0))), 0],
    [
      batch,
      ...phases.map(
        (_, i) => (dy.shape[i + 1] ?? 0) + Math.min(0, pads[i] ?? 0) + Math.min(0, pads[i + 2] ?? 0),
      ),
      outChannels,
    ],
  );
  const y = graph.op(
    'Conv',
    [channelsFirst(graph, inner), weights],
    [batch, places * inChannels, ...coarse],
    'float32',
    {
      kernel_shape: phases.map(({ taps }) => taps),
      strides: [1, 1],
      dilations: [1, 1],
      pads: pads.map((n) => Math.max(0, n)),
      group: 1,
    },
  );
  const apart = graph.reshape(channelsLast(graph, y), [
    batch,
    ...coarse,
    down,
    across,
    inChannels,
  ] as number[]);
  const laid = graph.reshape(graph.transpose(apart, [0, 1, 3, 2, 4, 5]), [
    batch,
    ...coarse.map((n, i) => n * (strides[i] ?? 1)),
    inChannels,
  ]);
  return graph.slice(
    laid,
    laid.shape.map(() => 0),
    [batch, ...input, inChannels],
  );
}
