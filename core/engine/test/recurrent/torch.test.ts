// GRU and LSTM beside PyTorch: outputs, last states, gradients, losses over some updates, on two backends.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import {
  bidirectional,
  createEngine,
  gru,
  type HostTensor,
  lstm,
  type NamedVariable,
  randomStream,
  type RecurrentWeights,
  sgd,
} from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { allClose } from '../helpers/close.js';

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly kind: 'GRU' | 'LSTM';
  readonly bidirectional: boolean;
  readonly lengths: number[] | null;
  readonly x: Recorded;
  readonly target: Recorded;
  readonly state: Recorded[] | null;
  readonly weights: Record<string, Recorded>;
  readonly outputs: Recorded;
  readonly last: Recorded[];
  readonly gradients: Record<string, Recorded>;
  readonly gradientOfX: Recorded;
  readonly losses: number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/recurrent.json', import.meta.url), 'utf8'),
) as { readonly rate: number; readonly cases: Record<string, Case> };

type Weights = Readonly<Record<string, tf.Tensor>>;

/** PyTorch keeps a row for each gate, in the order r, z, n, and two biases. */
function gruWeights(of: Weights, suffix: string): RecurrentWeights {
  const reordered = (name: string): tf.Tensor => {
    const [r, z, n] = tf.split(of[`${name}_l0${suffix}`] as tf.Tensor, 3, 0);
    return tf.concat([z, r, n] as tf.Tensor[], 0);
  };
  return {
    kernel: tf.transpose(reordered('weight_ih')),
    recurrentKernel: tf.transpose(reordered('weight_hh')),
    bias: tf.stack([reordered('bias_ih'), reordered('bias_hh')]),
  };
}

/** The order i, f, g, o is PyTorch's own; of its two biases only the sum matters. */
function lstmWeights(of: Weights, suffix: string): RecurrentWeights {
  const at = (name: string): tf.Tensor => of[`${name}_l0${suffix}`] as tf.Tensor;
  return {
    kernel: tf.transpose(at('weight_ih')),
    recurrentKernel: tf.transpose(at('weight_hh')),
    bias: tf.add(at('bias_ih'), at('bias_hh')),
  };
}

/** [batch, time] of ones up to each length. */
function maskOf({ lengths, x }: Case): tf.Tensor | undefined {
  if (!lengths) return undefined;
  const [, time = 0] = x.shape;
  return tf.tensor(lengths.map((length) => Array.from({ length: time }, (_, t) => (t < length ? 1 : 0))));
}

function run(at: Case, x: tf.Tensor, weights: Weights): { outputs: tf.Tensor; last: tf.Tensor[] } {
  const mask = maskOf(at);
  const states = (at.state ?? []).map(({ shape, data }) => tf.tensor(data, shape));
  const directions = at.bidirectional ? [false, true] : [false];
  const one = (reverse: boolean, i: number) => {
    const suffix = reverse ? '_reverse' : '';
    const [h, c] = states.map((state) => tf.unstack(state)[i] as tf.Tensor);
    const options = { reverse, ...(mask ? { mask } : {}) };
    if (at.kind === 'GRU') {
      const { outputs, state } = gru(x, gruWeights(weights, suffix), {
        ...options,
        ...(h ? { state: h } : {}),
      });
      return { outputs, state: [state] };
    }
    const state = h && c ? { state: { h, c } } : {};
    const results = lstm(x, lstmWeights(weights, suffix), { ...options, ...state });
    return { outputs: results.outputs, state: [results.state.h, results.state.c] };
  };
  const [forward, backward] = directions.map(one);
  if (!forward) throw new Error('no direction');
  const { outputs, state } = backward
    ? bidirectional(forward, backward)
    : { outputs: forward.outputs, state: { forward: forward.state, backward: [] } };
  const last = state.forward.map((part, i) => tf.stack([part, ...state.backward.slice(i, i + 1)]));
  // PyTorch's padded outputs are zero.
  return { outputs: mask ? tf.mul(outputs, tf.expandDims(mask, 2)) : outputs, last };
}

function lossOf({ outputs, last }: ReturnType<typeof run>, target: tf.Tensor): tf.Scalar {
  const terms = [tf.sub(outputs, target), ...last].map((part) => tf.mean(tf.square(part)));
  return tf.addN(terms).asScalar();
}

const host = ({ shape, data }: Recorded): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});
const tolerance = { absolute: 2e-6, relative: 2e-5 };

describe.each(['onnx', 'cpu'] as const)('gru and lstm on %s beside PyTorch', async (backend) => {
  const engine = await createEngine({ backend, threads: 1 });
  afterAll(() => engine.dispose());

  describe.each(Object.entries(golden.cases))('%s', (_, at) => {
    const variables = (): NamedVariable[] =>
      Object.entries(at.weights).map(([name, { shape, data }]) => ({
        name,
        variable: tf.tidy(() => tf.variable(tf.tensor(data, shape))),
      }));
    const named = (list: readonly NamedVariable[]): Weights =>
      Object.fromEntries(list.map(({ name, variable }) => [name, variable as tf.Tensor]));

    it('gives its outputs and last states', async () => {
      const made = variables();
      const predictor = await engine.predictor({
        variables: made,
        forward: ({ x }) => {
          const { outputs, last } = run(at, x as tf.Tensor, named(made));
          return { outputs, ...Object.fromEntries(last.map((part, i) => [`last${i}`, part])) };
        },
      });
      const results = await predictor.run({ x: host(at.x) });
      expect(results.outputs?.shape).toEqual(at.outputs.shape);
      allClose(results.outputs?.data ?? [], at.outputs.data, tolerance);
      at.last.forEach(({ data }, i) => {
        allClose(results[`last${i}`]?.data ?? [], data, tolerance);
      });
    });

    it('gives its gradients, and its losses over the updates', async () => {
      const made = variables();
      const session = await engine.training({
        variables: made,
        optimizer: sgd({ momentum: 0.9 }),
        random: randomStream(1),
        loss: ({ x, target }) => ({
          loss: lossOf(run(at, x as tf.Tensor, named(made)), target as tf.Tensor),
        }),
      });
      const inputs = { x: host(at.x), target: host(at.target) };
      for (const [i, expected] of at.losses.entries()) {
        const { loss } = await session.train(inputs, { rate: golden.rate });
        expect(Math.abs(loss - expected)).toBeLessThan(1e-5 * expected);
        if (i > 0) continue;
        const { slots } = await session.snapshot();
        for (const [name, { data }] of Object.entries(at.gradients)) {
          const [slot] = Object.entries(slots).filter(([key]) => key.startsWith(`${name}/`));
          allClose(slot?.[1].data ?? [], data, tolerance);
        }
      }
    });

    it('gives the gradient by its input', async () => {
      const x = { name: 'x', variable: tf.variable(tf.tensor(at.x.data, at.x.shape)) };
      const weights = variables().map((each) => ({ ...each, trainable: false }));
      const session = await engine.training({
        variables: [x, ...weights],
        optimizer: sgd({ momentum: 0.9 }),
        random: randomStream(1),
        loss: ({ target }) => ({ loss: lossOf(run(at, x.variable, named(weights)), target as tf.Tensor) }),
      });
      await session.train({ target: host(at.target) }, { rate: golden.rate });
      const { slots } = await session.snapshot();
      allClose(Object.values(slots)[0]?.data ?? [], at.gradientOfX.data, tolerance);
    });
  });
});
