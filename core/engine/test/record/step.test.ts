// What a recorded step keeps: random tensors, assigned statistics, unreached variables, custom gradients.
import { afterAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { createEngine, dropout, type Engine, type NamedVariable, randomStream, sgd } from '@potstill/engine';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(async () => {
  await onnx.dispose();
  await cpu.dispose();
});

function variable(values: number[], name = 'w', more: Partial<NamedVariable> = {}): NamedVariable {
  return { name, variable: tf.tidy(() => tf.variable(tf.tensor1d(values))), ...more };
}

const engines: [string, Engine][] = [
  ['onnx', onnx],
  ['cpu', cpu],
];

describe.each(engines)('a training step on the %s backend', (_, engine) => {
  it('draws new random tensors at every step, the same on every backend', async () => {
    const w = variable([1, 1, 1, 1]);
    const random = randomStream(3);
    const session = await engine.training({
      variables: [w],
      optimizer: sgd(),
      random,
      loss: (__, at) => ({
        loss: tf.sum<tf.Scalar>(tf.mul(w.variable, at.random.keepMask([4], 0.5))),
        uniform: tf.sum<tf.Scalar>(at.random.uniform([2])),
        normal: tf.sum<tf.Scalar>(at.random.normal([3])),
      }),
    });
    for (const step of [0, 1, 2]) {
      const { loss, terms } = await session.train({}, { rate: 0 });
      const stream = random.at(step);
      const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
      expect(loss).toBe(sum(stream.child('r0').keepMask(4, 0.5)));
      expect(terms.uniform).toBeCloseTo(sum(stream.child('r1').uniform(2)), 6);
      expect(terms.normal).toBeCloseTo(sum(stream.child('r2').normal(3)), 6);
    }
    await session.dispose();
  });

  it('carries over variables that the forward pass assigns', async () => {
    const w = variable([2]);
    const seen = variable([0], 'seen', { trainable: false });
    const session = await engine.training({
      variables: [w, seen],
      optimizer: sgd(),
      random: randomStream(1),
      loss: () => {
        seen.variable.assign(tf.add(seen.variable, w.variable));
        return { loss: tf.sum<tf.Scalar>(w.variable), seen: tf.sum<tf.Scalar>(seen.variable) };
      },
    });
    expect((await session.train({}, { rate: 0.5 })).terms.seen).toBe(2);
    expect((await session.train({}, { rate: 0.5 })).terms.seen).toBe(3.5);
    const state = await session.snapshot();
    expect([...(state.variables.seen?.data ?? [])]).toEqual([3.5]);
    expect([...(state.variables.w?.data ?? [])]).toEqual([1]);
    // The user's variables are untouched until sync.
    expect([...seen.variable.dataSync()]).toEqual([0]);
    await session.sync();
    expect([...seen.variable.dataSync()]).toEqual([3.5]);
    await session.dispose();
  });

  it('gives back assigned variables when the loss is infinite', async () => {
    const w = variable([0]);
    const seen = variable([0], 'seen', { trainable: false });
    const session = await engine.training({
      variables: [w, seen],
      optimizer: sgd(),
      random: randomStream(1),
      loss: () => {
        seen.variable.assign(tf.add(seen.variable, 1));
        return { loss: tf.sum<tf.Scalar>(tf.log(w.variable)) };
      },
    });
    const result = await session.train({}, { rate: 1 });
    expect(result).toMatchObject({ finite: false, loss: -Infinity });
    expect([...((await session.snapshot()).variables.seen?.data ?? [])]).toEqual([0]);
    expect(session.step).toBe(0);
    await session.dispose();
  });

  it('leaves a trainable variable alone that the loss does not reach', async () => {
    const w = variable([2]);
    const idle = variable([5], 'idle');
    const session = await engine.training({
      variables: [w, idle],
      optimizer: sgd({ momentum: 0.9 }),
      random: randomStream(1),
      loss: () => ({ loss: tf.sum<tf.Scalar>(w.variable) }),
    });
    await session.train({}, { rate: 1 });
    const { variables, slots } = await session.snapshot();
    expect([...(variables.w?.data ?? [])]).toEqual([1]);
    expect([...(variables.idle?.data ?? [])]).toEqual([5]);
    expect(Object.keys(slots)).toEqual(expect.arrayContaining(['w/velocity', 'idle/velocity']));
    await session.dispose();
  });

  it('differentiates through tf.customGrad', async () => {
    const w = variable([3]);
    const straight = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc) => ({
      value: tf.sign(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, 2),
    }));
    const session = await engine.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(1),
      loss: () => ({ loss: tf.sum<tf.Scalar>(straight(w.variable)) }),
    });
    expect((await session.train({}, { rate: 1 })).loss).toBe(1);
    expect([...((await session.snapshot()).variables.w?.data ?? [])]).toEqual([1]);
    await session.dispose();
  });

  it('takes int32 and bool inputs and empty batches of inputs', async () => {
    const w = variable([1, 2, 3]);
    const session = await engine.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(1),
      loss: ({ index, keep }) => ({
        loss: tf.sum<tf.Scalar>(
          tf.mul(tf.gather(w.variable, index as tf.Tensor1D), tf.cast(keep as tf.Tensor, 'float32')),
        ),
      }),
    });
    const { loss } = await session.train(
      {
        index: { dtype: 'int32', shape: [2], data: Int32Array.of(2, 0) },
        keep: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
      },
      { rate: 1 },
    );
    expect(loss).toBe(3);
    expect([...((await session.snapshot()).variables.w?.data ?? [])]).toEqual([1, 2, 2]);
    await session.dispose();
  });

  it('leaves no tensors behind', async () => {
    const w = variable([1, 2]);
    const before = tf.memory().numTensors;
    const session = await engine.training({
      variables: [w],
      optimizer: sgd({ momentum: 0.5 }),
      random: randomStream(1),
      loss: (__, at) => ({ loss: tf.sum<tf.Scalar>(dropout(tf.square(w.variable), 0.5, at)) }),
    });
    const predictor = session.predictor(() => ({ y: tf.square(w.variable) }));
    for (let i = 0; i < 3; i++) await session.train({}, { rate: 0.1 });
    await predictor.run({});
    await session.sync();
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('dropout', () => {
  it('is the identity outside training', async () => {
    const predictor = await onnx.predictor({
      variables: [],
      forward: ({ x }, at) => ({ y: dropout(x as tf.Tensor, 0.9, at) }),
    });
    const x = { dtype: 'float32' as const, shape: [3], data: Float32Array.of(1, 2, 3) };
    expect((await predictor.run({ x })).y?.data).toEqual(x.data);
  });

  it('scales what it keeps so that the mean stays', async () => {
    const w = variable([1]);
    const session = await onnx.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(9),
      loss: (_, at) => ({
        loss: tf.sum<tf.Scalar>(w.variable),
        mean: tf.mean<tf.Scalar>(dropout(tf.ones([4000]), 0.25, at)),
      }),
    });
    const { terms } = await session.train({}, { rate: 0 });
    expect(terms.mean).toBeGreaterThan(0.95);
    expect(terms.mean).toBeLessThan(1.05);
  });

  it('refuses a rate of 1', async () => {
    const w = variable([1]);
    const session = await onnx.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(9),
      loss: (_, at) => ({ loss: tf.sum<tf.Scalar>(dropout(w.variable, 1, at)) }),
    });
    await expect(session.train({}, { rate: 0 })).rejects.toMatchObject({
      message: 'keepMask: the rate is 1; expected 0 <= rate < 1',
    });
  });
});
