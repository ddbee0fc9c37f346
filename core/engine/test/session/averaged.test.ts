// Averages of weights: their numbers, and predictors and variables that take them.
import {
  adam,
  averaged,
  EngineError,
  maxNorm,
  sgd,
  withGroups,
  type Forward,
  type Optimizer,
  type TrainingSession,
} from '@potstill/engine';
import type * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { everyEngine } from '../helpers/backends.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { allClose, tensorsClose } from '../helpers/close.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const engines = await everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});
const kernel = 'layer0/kernel';

/** The kernel and its average after each of `updates` updates. */
async function follow(session: TrainingSession, updates: number): Promise<{ w: number[]; a: number[] }[]> {
  const seen = [];
  for (let i = 0; i < updates; i++) {
    await session.train(mlpBatch(8, undefined, i), { rate: 0.1 });
    const { variables, slots } = await session.snapshot();
    seen.push({
      w: Array.from(variables[kernel]?.data ?? []),
      a: Array.from(slots[`${kernel}/average`]?.data ?? []),
    });
  }
  return seen;
}

describe.each(engines.map((engine) => [engine.backend, engine] as const))('averaged on %s', (_, engine) => {
  it.each([
    ['a constant decay', averaged(sgd({ momentum: 0.5 }), 0.75), (t: number) => (t === 1 ? 0 : 0.75)],
    [
      'a decay that warms up',
      averaged(sgd({ momentum: 0.5 }), 0.25, { warmUp: true }),
      (t: number) => Math.min(0.25, (t - 1) / (t + 8)),
    ],
    [
      'limits and groups around it',
      withGroups(maxNorm(averaged(sgd(), 0.75), 1), [{ match: '*', rate: 0.5 }]),
      (t: number) => (t === 1 ? 0 : 0.75),
    ],
    ['a decay of 0: the weights', averaged(adam(), 0), () => 0],
  ] as [string, Optimizer, (t: number) => number][])(
    'averages the weights that are kept: %s',
    async (_case, optimizer, decayAt) => {
      const model = mlp([6, 8, 3], optimizer);
      const session = await engine.training(model.definition);
      let expected: number[] = [];
      for (const [i, { w, a }] of (await follow(session, 6)).entries()) {
        const decay = decayAt(i + 1);
        expected = w.map((value, j) =>
          decay === 0 ? value : decay * (expected[j] as number) + (1 - decay) * value,
        );
        allClose(a, expected, { absolute: 1e-6, relative: 1e-5 });
      }
      for (const each of [session, model]) await each.dispose();
    },
  );

  it('trains the same weights as without', async () => {
    const [plain, beside] = [mlp([6, 8, 3], adam()), mlp([6, 8, 3], averaged(adam(), 0.9))];
    const [one, other] = [await engine.training(plain.definition), await engine.training(beside.definition)];
    await follow(one, 3);
    await follow(other, 3);
    tensorsClose((await other.snapshot()).variables, (await one.snapshot()).variables);
    for (const each of [one, other, plain, beside]) await each.dispose();
  });

  it('predicts with the average where asked to, from the start and as training goes on', async () => {
    const model = mlp([6, 8, 3], averaged(sgd(), 0.5));
    const session = await engine.training(model.definition);
    const forward: Forward = ({ x }) => ({ z: model.forward(x as tf.Tensor) });
    const trained = session.predictor(forward);
    const average = session.predictor(forward, { weights: 'average' });
    const { x } = mlpBatch(5, undefined, 99);
    const inputs = { x: x as NonNullable<typeof x> };
    tensorsClose(await average.run(inputs), await trained.run(inputs));
    await follow(session, 3);
    const [ofTrained, ofAverage] = [await trained.run(inputs), await average.run(inputs)];
    expect(ofAverage.z?.data).not.toEqual(ofTrained.z?.data);

    await session.sync({ weights: 'average' });
    const { slots } = await session.snapshot();
    for (const { name, variable } of model.variables)
      expect(Array.from(variable.dataSync())).toEqual(Array.from(slots[`${name}/average`]?.data ?? []));
    const fixed = await engine.predictor({ variables: model.variables, forward });
    tensorsClose(await fixed.run(inputs), ofAverage);
    // What training goes on with is not the average.
    await session.sync();
    expect(Array.from(model.variables[0]?.variable.dataSync() ?? [])).toEqual(
      Array.from((await session.snapshot()).variables[kernel]?.data ?? []),
    );
    for (const each of [fixed, trained, average, session, model]) await each.dispose();
  });

  it('takes statistics and frozen variables as they are', async () => {
    const model = cnn({ optimizer: averaged(sgd(), 0.9) });
    const variables = model.definition.variables.map((variable) =>
      variable.name.includes('c1') ? { ...variable, trainable: false } : variable,
    );
    const session = await engine.training({ ...model.definition, variables });
    for (const i of [0, 1, 2]) await session.train(cnnBatch(4, i), { rate: 0.1 });
    await session.sync({ weights: 'average' });
    const state = await session.snapshot();
    for (const { name, variable, trainable } of variables) {
      const source = trainable === false ? state.variables[name] : state.slots[`${name}/average`];
      expect([name, Array.from(variable.dataSync())]).toEqual([name, Array.from(source?.data ?? [])]);
    }
    expect(Object.keys(state.slots)).not.toContain('c1/kernel/average');
    for (const each of [session, model]) await each.dispose();
  });

  it('refuses to take averages that nobody keeps', async () => {
    const model = mlp();
    const session = await engine.training(model.definition);
    const message = 'averages of the weights were requested, but the optimizer sgd keeps none';
    expect(() => session.predictor(() => ({}), { weights: 'average' })).toThrow(message);
    await expect(session.sync({ weights: 'average' })).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message,
      hint: 'Wrap it: averaged(optimizer, 0.999).',
    });
    for (const each of [session, model]) await each.dispose();
  });
});

describe('averaged', () => {
  it('refuses a decay of 1, and averages of averages', () => {
    expect(() => averaged(sgd(), 1)).toThrow('averaged: decay is 1, it must be at least 0 and below 1');
    expect(() => averaged(averaged(sgd(), 0.9), 0.99)).toThrow(EngineError);
    expect(() => averaged(averaged(sgd(), 0.9), 0.99)).toThrow('averaged: sgd already has a slot `average`');
  });
});
