// The same step on all three backends: whole networks under every optimiser, operations with risk, states that go from one to another.
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  adagrad,
  adam,
  adamw,
  averaged,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  createEngine,
  type Engine,
  type Forward,
  type HostTensors,
  lamb,
  lion,
  maxNorm,
  type Optimizer,
  randomStream,
  rmsprop,
  sgd,
  type TrainingDefinition,
  type TrainingState,
  withGroups,
} from '@potstill/engine';
import { tensorflowEngine, trainOn } from '../helpers/backends.js';
import { allClose, tensorsClose } from '../helpers/close.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';
import { arithmetic } from '../helpers/operations/arithmetic.js';
import { placing } from '../helpers/operations/places.js';
import { windows } from '../helpers/operations/windows.js';

const cpu = await createEngine({ backend: 'cpu' });
const onnx = await createEngine({ threads: 2 });
const tensorflow = await tensorflowEngine();
const others = tensorflow ? [onnx, tensorflow] : [onnx];
afterAll(async () => {
  for (const engine of [cpu, ...others]) await engine.dispose();
});

/** For the page on backends: the largest difference seen, by backend, when SHOW is set. */
const largest = new Map<string, number>();
function seen(backend: string, got: HostTensors, expected: HostTensors): void {
  for (const [name, { data }] of Object.entries(expected)) {
    const scale = Math.max(1e-3, ...Array.from(data, Math.abs));
    const other = got[name]?.data ?? [];
    data.forEach((x, i) => {
      const difference = Math.abs(x - (other[i] as number)) / scale;
      largest.set(backend, Math.max(largest.get(backend) ?? 0, difference));
    });
  }
}
afterAll(() => {
  if (process.env.SHOW) console.log(largest);
});

async function agree(
  definition: TrainingDefinition,
  batches: readonly HostTensors[],
  { rate = 0.02, absolute = 1e-5, relative = 1e-4 } = {},
): Promise<void> {
  const expected = await trainOn(cpu, definition, batches, rate);
  for (const engine of others) {
    const got = await trainOn(engine, definition, batches, rate);
    allClose(
      got.results.map(({ loss }) => loss),
      expected.results.map(({ loss }) => loss),
      { absolute, relative },
    );
    expect(got.results.map(({ terms }) => Object.keys(terms))).toEqual(
      expected.results.map(({ terms }) => Object.keys(terms)),
    );
    expect(got.state.step).toBe(expected.state.step);
    tensorsClose(got.state.variables, expected.state.variables, { absolute, relative });
    tensorsClose(got.state.slots, expected.state.slots, { absolute, relative });
    seen(engine.backend, got.state.variables, expected.state.variables);
  }
}

const optimizers: Record<string, () => Optimizer> = {
  'plain SGD': () => sgd(),
  momentum: () => sgd({ momentum: 0.9 }),
  'Nesterov momentum and weight decay': () => sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  Adam: () => adam(),
  AdamW: () => adamw(),
  AMSGrad: () => adam({ amsgrad: true }),
  RMSprop: () => rmsprop({ momentum: 0.9, centered: true }),
  Adagrad: () => adagrad(),
  LAMB: () => lamb(),
  Lion: () => lion(),
  'clipping by value': () => clipByValue(sgd(), 0.05),
  'clipping by norm': () => clipByNorm(sgd(), 0.05),
  'clipping by global norm': () => clipByGlobalNorm(adamw(), 0.5),
  'a largest norm': () => maxNorm(sgd(), 0.5),
  'averages of the weights': () => averaged(sgd({ momentum: 0.9 }), 0.9),
  'a still layer and a slow one': () =>
    withGroups(adamw(), [
      { match: 'layer0/*', rate: 0 },
      { match: 'layer1/*', rate: 0.1 },
    ]),
};

describe('the three backends', () => {
  it.runIf(process.env.CI)('are all three there in CI, where `npm run setup:tfjs-node` comes first', () => {
    expect(others.map(({ backend }) => backend)).toEqual(['onnx', 'tensorflow']);
  });

  it.each(Object.entries(optimizers))('agree on six updates of an MLP with %s', async (_, optimizer) => {
    const model = mlp([6, 8, 3], optimizer());
    const batches = [8, 8, 3, 1, 8, 8].map((size, index) => mlpBatch(size, undefined, index));
    await agree(model.definition, batches);
    model.dispose();
  });

  it('agree on updates made of two parts', async () => {
    const model = mlp();
    const batches = [0, 1, 2, 3, 4].map((index) => mlpBatch(4, undefined, index));
    await agree({ ...model.definition, accumulate: 2 }, batches);
    model.dispose();
  });

  it('agree on six updates of a CNN with batch norm and dropout', async () => {
    const model = cnn({ rate: 0.5 });
    await agree(model.definition, [4, 4, 1, 4, 4, 2].map(cnnBatch), { absolute: 1e-4, relative: 1e-3 });
    model.dispose();
  });
});

describe('operations and their gradients', () => {
  it.each([...arithmetic, ...placing, ...windows])('of $name agree', async ({ shapes, compute }) => {
    const random = randomStream(3);
    const variables = shapes.map((shape, i) => {
      const data = random.child(`x${i}`).normal(shape.reduce((product, length) => product * length, 1));
      return { name: `x${i}`, variable: tf.variable(tf.tensor(data, [...shape])) };
    });
    const definition: TrainingDefinition = {
      variables,
      optimizer: sgd(),
      random,
      loss: () => {
        const output = compute(...variables.map(({ variable }) => variable));
        const weights = tf.tensor(randomStream(4).normal(output.size), output.shape);
        return { loss: tf.sum(tf.mul(output, weights)) };
      },
    };
    await agree(definition, [{}], { rate: 1 });
    variables.forEach(({ variable }) => variable.dispose());
  });
});

describe('states', () => {
  const engines = [cpu, ...others];
  const pairs = engines.flatMap((from) => engines.filter((to) => to !== from).map((to) => ({ from, to })));
  const named = pairs.map(({ from, to }) => ({ from, to, names: `${from.backend} to ${to.backend}` }));

  it.each(named)('go from $names in mid-training', async ({ from, to }) => {
    // Not Adam: the bias before a batch norm has a gradient of nothing but rounding, which Adam makes large.
    const model = cnn({ rate: 0.5 });
    const batches = [0, 1, 2, 3, 4, 5].map((index) => cnnBatch(4, index));
    const whole = await trainOn(cpu, model.definition, batches, 0.01);

    const train = async (engine: Engine, first: number, state?: TrainingState): Promise<TrainingState> => {
      const session = await engine.training(model.definition);
      if (state) await session.restore(state);
      for (let i = first; i < first + 3; i++)
        await session.train(batches[i] as HostTensors, { rate: 0.01 / (1 + i) });
      const after = await session.snapshot();
      await session.dispose();
      return after;
    };
    const end = await train(to, 3, await train(from, 0));
    expect(end.step).toBe(6);
    const tolerance = { absolute: 1e-4, relative: 1e-3 };
    tensorsClose(end.variables, whole.state.variables, tolerance);
    tensorsClose(end.slots, whole.state.slots, tolerance);
    model.dispose();
  });
});

describe('predictors', () => {
  it('agree, fixed and of a session', async () => {
    const model = cnn();
    const inputs = { x: cnnBatch(3).x as HostTensors[string] };
    const answers = async (engine: Engine): Promise<HostTensors> => {
      const forward: Forward = ({ x }, at) => ({ logits: model.forward(x as tf.Tensor, at) });
      const fixed = await engine.predictor({ variables: model.variables, forward });
      const session = await engine.training(model.definition);
      const following = session.predictor(forward);
      const { logits: before } = await fixed.run(inputs);
      const { logits: same } = await following.run(inputs);
      await session.train(cnnBatch(4), { rate: 0.05 });
      const { logits: after } = await following.run(inputs);
      const { logits: still } = await fixed.run(inputs);
      await fixed.dispose();
      await session.dispose();
      return { before, same, after, still } as HostTensors;
    };
    const expected = await answers(cpu);
    expect(expected.same).toEqual(expected.before);
    expect(expected.still).toEqual(expected.before);
    for (const engine of others) tensorsClose(await answers(engine), expected);
    model.dispose();
  });
});
