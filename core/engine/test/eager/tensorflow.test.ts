// The tensorflow backend by itself: what it holds in memory, how it ends, what is said where it is missing.
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrainingSession } from '@potstill/engine';
import { tensorflowEngine } from '../helpers/backends.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';
import { runScript } from '../helpers/script.js';

const engine = await tensorflowEngine();
afterAll(() => engine?.dispose());

const missing = 'tfjs-node is not set up: `npm run setup:tfjs-node`';

describe.runIf(engine)(`the tensorflow backend (skipped where ${missing})`, () => {
  const training = (definition: Parameters<NonNullable<typeof engine>['training']>[0]) =>
    engine?.training(definition) as Promise<TrainingSession>;

  it('holds no more tensors after a hundred steps than after one', async () => {
    const model = cnn();
    const session = await training(model.definition);
    const predictor = session.predictor(({ x }, at) => ({ y: model.forward(x as tf.Tensor, at) }));
    const step = async (index: number) => {
      await session.train(cnnBatch(4, index), { rate: 0.01 });
      await predictor.run({ x: cnnBatch(2, index).x as ReturnType<typeof cnnBatch>[string] });
      await session.snapshot();
      const { numTensors, numBytes, numDataBuffers } = tf.memory();
      return { numTensors, numBytes, numDataBuffers };
    };
    const first = await step(0);
    for (let i = 1; i < 100; i++) await step(i);
    expect(await step(100)).toEqual(first);
    await session.restore(await session.snapshot());
    await session.sync();
    expect(await step(101)).toEqual(first);
    await session.dispose();
    model.dispose();
  });

  it('frees all that a session held', async () => {
    const model = mlp();
    const before = tf.memory();
    const session = await training(model.definition);
    await session.train(mlpBatch(4), { rate: 0.01 });
    expect(tf.memory().numTensors).toBeGreaterThan(before.numTensors);
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    model.dispose();
  });

  it('keeps no memory of its own over thousands of steps', async () => {
    const widths = [784, 64, 10];
    const model = mlp(widths);
    const session = await training(model.definition);
    const batches = [0, 1, 2, 3].map((index) => mlpBatch(32, widths, index));
    const train = async (steps: number) => {
      for (let i = 0; i < steps; i++) await session.train(batches[i % 4] ?? {}, { rate: 1e-4 });
      return process.memoryUsage().rss;
    };
    const before = await train(300);
    const after = await train(1000);
    // A step's batch and gradients are half a megabyte: keeping them would be 500 MB.
    expect((after - before) / 2 ** 20).toBeLessThan(60);
    await session.dispose();
    model.dispose();
  });

  it('gives a discarded step back, and frees what a throwing loss left', async () => {
    const model = mlp();
    let mode: 'well' | 'infinite' | 'throw' = 'well';
    const session = await training({
      ...model.definition,
      loss: (inputs, at) => {
        const { loss } = model.definition.loss(inputs, at);
        if (mode === 'throw') throw new Error('no');
        return { loss: mode === 'infinite' ? tf.div(loss, tf.scalar(0)) : loss };
      },
    });
    await session.train(mlpBatch(4), { rate: 0.01 });
    const state = await session.snapshot();
    const { numTensors } = tf.memory();
    mode = 'infinite';
    expect(await session.train(mlpBatch(4), { rate: 0.01 })).toMatchObject({ finite: false });
    mode = 'throw';
    await expect(session.train(mlpBatch(4), { rate: 0.01 })).rejects.toThrow('no');
    expect(await session.snapshot()).toEqual(state);
    expect(tf.memory().numTensors).toBe(numTensors);
    await session.dispose();
    model.dispose();
  });

  it('leaves the process free to end, beside ONNX Runtime in one process', () => {
    const { status, stdout, stderr } = runScript(`
      import * as tf from '@tensorflow/tfjs';
      import { createEngine, randomStream, sgd } from '@potstill/engine';
      const variable = tf.variable(tf.tensor([3]));
      const definition = {
        variables: [{ name: 'w', variable }],
        optimizer: sgd(),
        random: randomStream(1),
        loss: () => ({ loss: tf.sum(tf.square(variable)) }),
      };
      for (const backend of ['onnx', 'tensorflow', 'onnx', 'cpu', 'tensorflow']) {
        const engine = await createEngine({ backend });
        const session = await engine.training(definition);
        const { loss } = await session.train({}, { rate: 0.1 });
        const { variables } = await session.snapshot();
        console.log(backend, loss, variables.w.data[0].toFixed(4), tf.getBackend());
      }
    `);
    expect(stdout.trim().split('\n')).toEqual(
      ['onnx', 'tensorflow', 'onnx', 'cpu', 'tensorflow'].map((backend) => `${backend} 9 2.4000 cpu`),
    );
    expect(status, stderr).toBe(0);
  });
});
