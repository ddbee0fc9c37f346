// Small networks for images, drawn at random: their loss and gradients by TF.js, by the graph as lowered, and by any passes.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { randomStream } from '@potstill/engine';
import { sizeOf } from '../../src/graph/builder.js';
import type { Graph } from '../../src/graph/graph.js';
import { kernelTable } from '../../src/kernels/index.js';
import { recordForward } from '../../src/record/forward.js';
import { lower } from '../../src/record/lower.js';
import { sessionOptions } from '../../src/session/program.js';
import { runOn } from './graph.js';

type Pair = readonly [number, number];

/** A layer keeps what does not fit: windows larger than the image are padded. */
export type Layer =
  | {
      readonly kind: 'conv' | 'depthwise';
      readonly outs: number;
      readonly kernel: Pair;
      readonly strides: Pair;
      readonly dilations?: Pair;
      readonly pad: 'same' | 'valid';
      readonly bias: boolean;
    }
  | { readonly kind: 'norm'; readonly activation: 'relu' | 'relu6' | 'linear' }
  | {
      readonly kind: 'max' | 'average';
      readonly size: Pair;
      readonly strides: Pair;
      readonly pad: 'same' | 'valid';
    }
  | { readonly kind: 'residual'; readonly kernel: Pair };

export interface Network {
  readonly batch: number;
  readonly size: Pair;
  readonly channels: number;
  readonly layers: readonly Layer[];
}

type Two = [number, number];
const two = ([a, b]: Pair): Two => [a, b];
const pair = (max: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const pad = fc.constantFrom<'same' | 'valid'>('same', 'valid');
/** Channels of all kinds: few, whole blocks of 8 and 16, last blocks part empty, odd. */
export const channelCounts = fc.oneof(
  fc.constantFrom(8, 12, 16, 20, 24, 32, 40),
  fc.integer({ min: 3, max: 40 }),
);

const layer: fc.Arbitrary<Layer> = fc.oneof(
  fc.record({
    kind: fc.constantFrom<'conv' | 'depthwise'>('conv', 'conv', 'depthwise'),
    outs: channelCounts,
    kernel: pair(3),
    strides: fc.oneof(fc.constant<Pair>([1, 1]), pair(3)),
    pad,
    bias: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant<'norm'>('norm'),
    activation: fc.constantFrom<'relu' | 'relu6' | 'linear'>('relu', 'relu6', 'linear'),
  }),
  fc.record({
    kind: fc.constantFrom<'max' | 'average'>('max', 'max', 'average'),
    size: fc.oneof(fc.constant<Pair>([2, 2]), pair(3)),
    strides: fc.oneof(fc.constant<Pair>([2, 2]), pair(3)),
    pad,
  }),
  fc.record({ kind: fc.constant<'residual'>('residual'), kernel: pair(3) }),
);

const of = (layers: fc.Arbitrary<Layer[]>): fc.Arbitrary<Network> =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.tuple(fc.integer({ min: 2, max: 10 }), fc.integer({ min: 2, max: 10 })),
    channels: channelCounts,
    layers,
  });

export const networks = of(fc.array(layer, { minLength: 1, maxLength: 5 }));

/** With filters that leave gaps, which TF.js does not differentiate by itself. */
export const dilated = of(
  fc.array(
    fc.record({
      kind: fc.constantFrom<'conv' | 'depthwise'>('conv', 'depthwise'),
      outs: channelCounts,
      kernel: pair(3),
      strides: fc.constant<Pair>([1, 1]),
      dilations: pair(3),
      pad: fc.constant<'same'>('same'),
      bias: fc.boolean(),
    }),
    { minLength: 1, maxLength: 2 },
  ),
);

/** What a network is made of when its shapes are known. */
export interface Built {
  /** The image and all weights; every one is differentiated. */
  readonly inputs: Readonly<Record<string, { readonly dtype: 'float32'; readonly shape: readonly number[] }>>;
  readonly numbers: Readonly<Record<string, Float32Array>>;
  /** `kink`: sees what is rectified, and the number at which. */
  loss(
    this: void,
    tensors: Readonly<Record<string, tf.Tensor>>,
    kink?: (x: tf.Tensor, at: number) => void,
  ): tf.Scalar;
}

export function build({ batch, size, channels, layers }: Network): Built {
  const inputs: Record<string, { dtype: 'float32'; shape: readonly number[] }> = {};
  const numbers: Record<string, Float32Array> = {};
  const put = (name: string, shape: readonly number[], scale: number, shift = 0): string => {
    inputs[name] = { dtype: 'float32', shape };
    numbers[name] = randomStream(8)
      .child(name)
      .normal(sizeOf(shape))
      .map((x) => x * scale + shift);
    return name;
  };
  type Step = (
    x: tf.Tensor4D,
    of: (name: string) => tf.Tensor,
    kink: (x: tf.Tensor, at: number) => void,
  ) => tf.Tensor4D;
  const steps: Step[] = [];
  put('x', [batch, ...size, channels], 1);
  let [height, width, depth] = [...size, channels] as [number, number, number];
  const fits = (window: Pair, wanted: 'same' | 'valid'): 'same' | 'valid' =>
    window[0] <= height && window[1] <= width ? wanted : 'same';
  const move = (window: Pair, strides: Pair, how: 'same' | 'valid'): void => {
    const along = (n: number, i: 0 | 1): number =>
      Math.ceil((how === 'same' ? n : n - window[i] + 1) / strides[i]);
    [height, width] = [along(height, 0), along(width, 1)];
  };
  layers.forEach((at, i) => {
    switch (at.kind) {
      case 'conv':
      case 'depthwise': {
        const how = fits(at.kernel, at.pad);
        const outs = at.kind === 'conv' ? at.outs : depth;
        const fan = at.kernel[0] * at.kernel[1] * (at.kind === 'conv' ? depth : 1);
        const w = put(`w${i}`, [...at.kernel, depth, at.kind === 'conv' ? outs : 1], 1 / Math.sqrt(fan));
        const b = at.bias ? put(`b${i}`, [outs], 0.5) : undefined;
        const call = at.kind === 'conv' ? tf.conv2d : tf.depthwiseConv2d;
        const [strides, dilations] = [at.strides, at.dilations ?? [1, 1]].map(two) as [Two, Two];
        steps.push((x, of) => {
          const y = call(x, of(w) as tf.Tensor4D, strides, how, 'NHWC', dilations);
          return b ? tf.add(y, of(b)) : y;
        });
        depth = outs;
        move(at.kernel, at.strides, how);
        break;
      }
      case 'norm': {
        const gamma = put(`gamma${i}`, [depth], 0.3, 1);
        const beta = put(`beta${i}`, [depth], 0.5, 0.2);
        const high = 1.5;
        steps.push((x, of, kink) => {
          const { mean, variance } = tf.moments(x, [0, 1, 2]);
          const y = tf.batchNorm4d(
            x,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            of(beta) as tf.Tensor1D,
            of(gamma) as tf.Tensor1D,
            0.05,
          );
          if (at.activation === 'linear') return y;
          kink(y, 0);
          if (at.activation === 'relu') return tf.relu(y);
          kink(tf.mul(y, 4), 6);
          return tf.mul(tf.relu6(tf.mul(y, 4)), high);
        });
        break;
      }
      case 'max':
      case 'average': {
        // TF.js's gradient of padded averages is not that of its averages.
        const fitting = at.size[0] <= height && at.size[1] <= width;
        if (at.kind === 'average' && !fitting) break;
        const how = at.kind === 'average' ? 'valid' : fits(at.size, at.pad);
        const [window, strides] = [at.size, at.strides].map(two) as [Two, Two];
        const pool = at.kind === 'max' ? tf.maxPool : tf.avgPool;
        steps.push((x) => pool(x, window, strides, how));
        move(at.size, at.strides, how);
        break;
      }
      case 'residual': {
        const w = put(
          `w${i}`,
          [...at.kernel, depth, depth],
          1 / Math.sqrt(at.kernel[0] * at.kernel[1] * depth),
        );
        steps.push((x, of) => tf.add(x, tf.conv2d(x, of(w) as tf.Tensor4D, 1, 'same')));
        break;
      }
    }
  });
  const dense = put('dense', [depth, 3], 1 / Math.sqrt(depth));
  return {
    inputs,
    numbers,
    loss: (tensors, kink = () => undefined) => {
      const of = (name: string): tf.Tensor => tensors[name] as tf.Tensor;
      const y = steps.reduce((x, step) => step(x, of, kink), of('x') as tf.Tensor4D);
      const logits = tf.matMul(tf.mean(y, [1, 2]), of(dense));
      // It saturates nowhere.
      return tf.add(tf.mean(tf.square(logits)), tf.mean(logits)).asScalar();
    },
  };
}

/** The loss, then the gradient for each input. */
export type Numbers = readonly ArrayLike<number>[];

const names = ({ inputs }: Built): string[] => Object.keys(inputs);
const named = (built: Built, list: readonly tf.Tensor[]): Record<string, tf.Tensor> =>
  Object.fromEntries(names(built).map((name, i) => [name, list[i] as tf.Tensor]));
const tensorsOf = (built: Built): tf.Tensor[] =>
  names(built).map((name) =>
    tf.tensor(built.numbers[name] ?? [], [...(built.inputs[name]?.shape ?? [])], 'float32'),
  );

/** By TF.js. */
export function byTfjs(built: Built): Numbers {
  return tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads((...list) => built.loss(named(built, list)))(tensorsOf(built));
    return [value, ...grads].map((tensor) => tensor.dataSync());
  });
}

/** How near to a kink any number that is rectified is, unless it is one. Rounding decides where those that are very near lie. */
export function marginOf(built: Built): number {
  let margin = Infinity;
  tf.tidy(() => {
    built.loss(named(built, tensorsOf(built)), (x, at) => {
      for (const value of x.dataSync()) {
        const distance = Math.abs(value - at);
        if (distance > 0) margin = Math.min(margin, distance);
      }
    });
  });
  return margin;
}

/** The graph of the loss and the gradients, before any pass. */
export function lowered(built: Built): Graph {
  const recorded = recordForward(
    kernelTable,
    [],
    (tensors) => {
      const { value, grads } = tf.valueAndGrads((...list) => built.loss(named(built, list)))(
        names(built).map((name) => tensors[name] as tf.Tensor),
      );
      return { loss: value, ...Object.fromEntries(grads.map((gradient, i) => [`d${i}`, gradient])) };
    },
    built.inputs,
  );
  return lower(
    kernelTable,
    recorded.map(({ value }) => value),
  );
}

/** Runs a graph as a training session would; `numbers` in place of the network's own. */
export async function byGraph(
  graph: Graph,
  { numbers }: Pick<Built, 'numbers'>,
  threads = 1,
): Promise<Numbers> {
  const feeds = Object.fromEntries(Object.entries(numbers).map(([name, data]) => [`input:${name}`, data]));
  const options = sessionOptions({ threads, weights: 'input', activations: 0 });
  return (await runOn(graph, feeds, options)).map(({ data }) => data);
}

const largest = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Where numbers differ by more than rounding, in words. Sums that cancel are exact to the size of what was added. */
export function differences(got: Numbers, expected: Numbers, relative = 1e-3): string[] {
  const all = Math.max(...expected.slice(1).map(largest));
  return expected.flatMap((wanted, k) => {
    const slack = k === 0 ? 1e-5 * Math.max(1, largest(wanted)) : relative * largest(wanted) + 2e-5 * all;
    const list = got[k] ?? [];
    if (list.length !== wanted.length)
      return [`result ${k} has ${list.length} elements, ${wanted.length} expected`];
    const wrong = Array.from(wanted).findIndex((x, i) => !(Math.abs(x - (list[i] ?? NaN)) <= slack));
    return wrong < 0 ? [] : [`result ${k}, element ${wrong}: ${list[wrong]} instead of ${wanted[wrong]}`];
  });
}
