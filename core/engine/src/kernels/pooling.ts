// Max and average pools of two and three spatial axes, and their gradients.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { expand, filled } from './emit.js';
import { channelsFirst, channelsLast, cut, uncut } from './layout.js';
import { flagOf, numbersOf, operand, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';
import { spread } from './spread.js';
import { onnxPads, reached, windowOf, type Window, type WindowSpec } from './window.js';

function poolWindow(
  spec: WindowSpec,
  x: { readonly shape: readonly number[] },
  attributes: KernelAttributes,
  dy?: { readonly shape: readonly number[] },
): Window {
  const size = numbersOf(attributes, 'filterSize');
  const filter = size.length === 1 ? new Array<number>(spec.spatial).fill(size[0] ?? 1) : size;
  return windowOf(spec, x.shape, filter, attributes, dy?.shape);
}

const poolAttributes = (window: Window) => ({
  kernel_shape: window.filter,
  strides: window.strides,
  pads: onnxPads(window),
});

const outputShape = ({ batch, output, outChannels }: Window): number[] => [batch, ...output, outChannels];

function forward(spec: WindowSpec, op: 'MaxPool' | 'AveragePool'): KernelRule {
  return {
    shapes(inputs, attributes) {
      const x = operand(inputs, 'x');
      return [shaped(outputShape(poolWindow(spec, x, attributes)), op === 'MaxPool' ? x.dtype : 'float32')];
    },
    lower({ graph, inputs, attributes, outputs }) {
      const x = graph.cast(operand(inputs, 'x'), 'float32');
      const window = reached(poolWindow(spec, x, attributes));
      const y = graph.op(op, [channelsFirst(graph, cut(graph, x, window))], firstShape(window), 'float32', {
        ...poolAttributes(window),
        ...(op === 'AveragePool' ? { count_include_pad: 0 } : {}),
      });
      return [graph.cast(channelsLast(graph, y), outputs[0]?.dtype ?? 'float32')];
    },
  };
}

const firstShape = ({ batch, output, outChannels }: Window): number[] => [batch, outChannels, ...output];

/** [maximum, index in the flattened channels-first input]. */
function maxWithIndex(graph: GraphBuilder, x: Value, window: Window): readonly [Value, Value] {
  const shape = firstShape(window);
  const [y, index] = graph.ops(
    'MaxPool',
    [channelsFirst(graph, cut(graph, x, window))],
    [
      { shape, type: 'float32' },
      { shape, type: 'int64' },
    ],
    poolAttributes(window),
  );
  if (!y || !index) throw new Error('internal: MaxPool without its index');
  return [y, index];
}

const gradientShape = (spec: WindowSpec): KernelRule['shapes'] =>
  function shapes(inputs, attributes): readonly Shaped[] {
    const x = operand(inputs, 'input');
    poolWindow(spec, x, attributes, operand(inputs, 'dy'));
    return [shaped(x.shape, 'float32')];
  };

/** The first of equal maxima takes the gradient (TF.js: the last when there are three spatial axes). Windows that share elements need sums, the others only places. */
function maxGradient(spec: WindowSpec): KernelRule {
  return {
    shapes: gradientShape(spec),
    lower({ graph, inputs, attributes }) {
      const x = graph.cast(operand(inputs, 'input'), 'float32');
      const dy = operand(inputs, 'dy');
      const window = reached(poolWindow(spec, x, attributes, dy));
      if (sizeOf(dy.shape) === 0) return [filled(graph, x.shape, 0, 'float32')];
      const [, index] = maxWithIndex(graph, x, window);
      const gradient = channelsFirst(graph, dy);
      const shape = [window.batch, window.inChannels, ...window.input];
      const apart = window.filter.every((n, i) => n <= (window.strides[i] ?? 1));
      if (apart) {
        const dx = graph.op('MaxUnpool', [gradient, index, graph.ints(shape)], shape, 'float32', {
          kernel_shape: window.filter,
          strides: window.strides,
          pads: onnxPads(window),
        });
        return [uncut(graph, channelsLast(graph, dx), x.shape)];
      }
      const size = sizeOf(shape);
      const count = sizeOf(dy.shape);
      const dx = graph.op(
        'ScatterElements',
        [
          expand(graph, graph.constant(new Float32Array(1), [1], 'float32'), [size]),
          graph.reshape(index, [count]),
          graph.reshape(gradient, [count]),
        ],
        [size],
        'float32',
        { axis: 0, reduction: 'add' },
      );
      return [uncut(graph, channelsLast(graph, graph.reshape(dx, shape)), x.shape)];
    },
  };
}

/** How many elements each window of an axis sees; padding does not count. */
function counts(window: Window, axis: number): number[] {
  const [stride, size, length] = [
    window.strides[axis] ?? 1,
    window.filter[axis] ?? 1,
    window.input[axis] ?? 0,
  ];
  return Array.from({ length: window.output[axis] ?? 0 }, (_, i) => {
    const start = i * stride - (window.before[axis] ?? 0);
    return Math.min(start + size, length) - Math.max(start, 0);
  });
}

/** dy over the number of elements that each window averages. */
function shared(graph: GraphBuilder, dy: Value, window: Window): Value {
  return window.output.reduce((value, _, axis) => {
    const list = counts(window, axis);
    const first = list[0] ?? 1;
    if (list.every((n) => n === first)) {
      return first === 1 ? value : graph.binary('Mul', value, graph.scalar(1 / first));
    }
    const shape = dy.shape.map((length, i) => (i === axis + 1 ? length : 1));
    return graph.binary(
      'Mul',
      value,
      graph.constant(
        Float32Array.from(list, (n) => 1 / n),
        shape,
        'float32',
      ),
    );
  }, dy);
}

/** Repeats each pixel over its window, for windows that tile the image from its first element. */
function tiled(graph: GraphBuilder, dy: Value, window: Window): Value {
  const { batch, input, output, filter, inChannels } = window;
  const pairs = (second: (axis: number) => number) => output.flatMap((n, i) => [n, second(i)]);
  const apart = graph.reshape(dy, [batch, ...pairs(() => 1), inChannels]);
  const repeated = expand(graph, apart, [batch, ...pairs((i) => filter[i] ?? 1), inChannels]);
  const covered = output.map((n, i) => n * (filter[i] ?? 1));
  const whole = graph.reshape(repeated, [batch, ...covered, inChannels]);
  const kept = graph.slice(
    whole,
    whole.shape.map(() => 0),
    [batch, ...covered.map((n, i) => Math.min(n, input[i] ?? 0)), inChannels],
  );
  const missing = covered.map((n, i): readonly [number, number] => [0, Math.max(0, (input[i] ?? 0) - n)]);
  return graph.pad(kept, [[0, 0], ...missing, [0, 0]]);
}

/** The true gradient: TF.js's cpu backend divides by the window's size also where padding was left out of the average. */
function averageGradient(spec: WindowSpec): KernelRule {
  return {
    shapes: gradientShape(spec),
    lower({ graph, inputs, attributes }) {
      const x = operand(inputs, 'input');
      const dy = operand(inputs, 'dy');
      const window = reached(poolWindow(spec, x, attributes, dy));
      if (sizeOf(dy.shape) === 0) return [filled(graph, x.shape, 0, 'float32')];
      const gradient = shared(graph, dy, window);
      const tiles = window.filter.every((n, i) => n === window.strides[i] && window.before[i] === 0);
      if (tiles || window.output.every((n, i) => n === 1 && window.before[i] === 0)) {
        return [uncut(graph, tiled(graph, gradient, window), x.shape)];
      }
      // Channels are spread one by one: as a batch of images with one channel.
      const { batch, inChannels, input, output } = window;
      const images = graph.reshape(channelsFirst(graph, gradient), [batch * inChannels, 1, ...output]);
      const ones = () => filled(graph, [1, 1, ...window.filter], 1, 'float32');
      const dx = spread(graph, window, images, { conv: ones, transposed: ones }, 1);
      const spreadOut = channelsLast(graph, graph.reshape(dx, [batch, inChannels, ...input]));
      return [uncut(graph, spreadOut, x.shape)];
    },
  };
}

const spec2 = (name: string): WindowSpec => ({ name, kind: 'pool', spatial: 2 });
const spec3 = (name: string): WindowSpec => ({ name, kind: 'pool', spatial: 3 });

/** Also gives where each maximum was, as an index in the flattened channels-last image (or batch of images). */
const maxPoolWithArgmax: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const shape = outputShape(poolWindow(spec2('maxPoolWithArgmax'), x, attributes));
    return [shaped(shape, x.dtype), shaped(shape, 'int32')];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = graph.cast(operand(inputs, 'x'), 'float32');
    const whole = poolWindow(spec2('maxPoolWithArgmax'), x, attributes);
    const window = reached(whole);
    const { batch, inChannels } = window;
    const [y, index] = maxWithIndex(graph, x, window);
    // The index counts within the channels-first image that the pool saw: take row and column out of it.
    const across = graph.ints([window.input[1] ?? 1]);
    const row = graph.op(
      'Mod',
      [graph.binary('Div', index, across), graph.ints([window.input[0] ?? 1])],
      index.shape,
      'int64',
    );
    const column = graph.op('Mod', [index, across], index.shape, 'int64');
    const pixel = graph.binary('Add', graph.binary('Mul', row, graph.ints([whole.input[1] ?? 1])), column);
    const channel = graph.constant(
      BigInt64Array.from({ length: inChannels }, (_, i) => BigInt(i)),
      [1, inChannels, 1, 1],
      'int64',
    );
    const scaled = graph.binary('Add', graph.binary('Mul', pixel, graph.ints([inChannels])), channel);
    const perImage = sizeOf(whole.input) * inChannels;
    const image = graph.constant(
      BigInt64Array.from({ length: batch }, (_, i) => BigInt(i * perImage)),
      [batch, 1, 1, 1],
      'int64',
    );
    const place = flagOf(attributes, 'includeBatchInIndex') ? graph.binary('Add', scaled, image) : scaled;
    return [
      graph.cast(channelsLast(graph, y), outputs[0]?.dtype ?? 'float32'),
      graph.cast(channelsLast(graph, place), 'int32'),
    ];
  },
};

export const poolingKernels = {
  AvgPool: forward(spec2('avgPool'), 'AveragePool'),
  AvgPool3D: forward(spec3('avgPool3d'), 'AveragePool'),
  AvgPool3DGrad: averageGradient(spec3('avgPool3d')),
  AvgPoolGrad: averageGradient(spec2('avgPool')),
  MaxPool: forward(spec2('maxPool'), 'MaxPool'),
  MaxPool3D: forward(spec3('maxPool3d'), 'MaxPool'),
  MaxPool3DGrad: maxGradient(spec3('maxPool3d')),
  MaxPoolGrad: maxGradient(spec2('maxPool')),
  MaxPoolWithArgmax: maxPoolWithArgmax,
} satisfies KernelTable;
