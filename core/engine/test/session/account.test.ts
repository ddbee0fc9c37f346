// Accounts of memory, and steps that do not fit.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { adam, createEngine, type Forward, type MemoryAccount, sgd } from '@potstill/engine';
import { bytesText } from '../../src/session/memory.js';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const widths = [20, 30, 10];
/** Bytes of the weights of an MLP of these widths. */
const weights = 4 * (20 * 30 + 30 + 30 * 10 + 10);

const sumOfParts = ({ total, ...parts }: MemoryAccount): number =>
  Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) - total;

describe('TrainingSession.memory', () => {
  it('counts the weights before the first step, and both buffers after it', async () => {
    const net = mlp(widths, adam());
    const session = await engine.training(net.definition);
    expect(await session.memory()).toMatchObject({ parameters: weights, slots: 2 * weights, activations: 0 });
    await session.train(mlpBatch(8, widths), { rate: 0.01 });
    const after = await session.memory();
    expect(after).toMatchObject({ parameters: 2 * weights, slots: 4 * weights, inputs: 0, random: 0 });
    expect(after.activations).toBeGreaterThan(0);
    expect(sumOfParts(after)).toBe(0);
    await session.dispose();
    net.dispose();
  });

  it('says before a step what the session will hold during it', async () => {
    const net = cnn();
    const session = await engine.training(net.definition);
    const batch = cnnBatch(16);
    const before = await session.memory(batch);
    await session.train(batch, { rate: 0.01 });
    expect(await session.memory(batch)).toEqual(before);
    expect(before.inputs).toBe(4 * 16 * (128 + 3));
    // Dropout on 20 features.
    expect(before.random).toBe(4 * 16 * 20);
    const between = await session.memory();
    expect(between.total).toBe(before.total - before.inputs - before.random);
    await session.dispose();
    net.dispose();
  });

  it('needs shapes only, and grows with the batch', async () => {
    const net = mlp(widths);
    const session = await engine.training(net.definition);
    const on = (batch: number) =>
      session.memory({
        x: { dtype: 'float32', shape: [batch, 20] },
        y: { dtype: 'float32', shape: [batch, 10] },
        t: { dtype: 'float32', shape: [batch, 10] },
      });
    const [small, large] = [await on(10), await on(1000)];
    expect(large.inputs).toBe(100 * small.inputs);
    // The gradients of the weights do not grow.
    expect(large.activations).toBeGreaterThan(20 * small.activations);
    expect(large.parameters).toBe(small.parameters);
    await session.dispose();
    net.dispose();
  });

  it('adds the gradients that are gathered for an update', async () => {
    const net = mlp(widths, sgd());
    const session = await engine.training({ ...net.definition, accumulate: 2 });
    await session.train(mlpBatch(8, widths), { rate: 0.01 });
    // Gathered gradients have two buffers; the weights have not been written yet.
    expect(await session.memory()).toMatchObject({ parameters: weights, slots: 2 * weights });
    await session.dispose();
    net.dispose();
  });

  it('tells on eager backends what is held, and no more', async () => {
    const cpu = await createEngine({ backend: 'cpu' });
    const net = mlp(widths, adam());
    const session = await cpu.training(net.definition);
    expect(await session.memory()).toMatchObject({
      parameters: weights,
      slots: 2 * weights,
      total: 3 * weights,
    });
    await expect(session.memory(mlpBatch(2, widths))).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: 'memory: only the `onnx` backend can tell what a step will take',
    });
    expect(cpu.memory().total).toBe(3 * weights);
    await cpu.dispose();
    net.dispose();
  });
});

describe('Engine.memory', () => {
  it('is the sum over all that is open', async () => {
    const own = await createEngine({ threads: 1 });
    expect(own.memory().total).toBe(0);
    const net = mlp(widths);
    const first = await own.training(net.definition);
    const second = await own.training(net.definition);
    const forward: Forward = ({ x }) => ({ z: net.forward(x as tf.Tensor) });
    const live = first.predictor(forward);
    const fixed = await own.predictor({ variables: net.variables, forward });
    const { x } = mlpBatch(8, widths);
    if (!x) throw new Error('the batch has no x');
    await first.train(mlpBatch(8, widths), { rate: 0.01 });
    await live.run({ x });
    await fixed.run({ x });
    const sum = (await first.memory()).total + (await second.memory()).total + (await fixed.memory()).total;
    expect(own.memory().total).toBe(sum);
    // The weights, and once more as constants of the graph; some of them only under another shape.
    expect((await fixed.memory()).parameters).toBe(weights);
    expect((await fixed.memory()).constants).toBeGreaterThanOrEqual(weights);
    await fixed.dispose();
    expect(own.memory().total).toBe(
      sum - (sum - (await first.memory()).total - (await second.memory()).total),
    );
    await own.dispose();
    expect(own.memory().total).toBe(0);
    net.dispose();
  });
});

describe('EngineOptions.memoryLimit', () => {
  it('refuses a step that does not fit, with numbers, before anything is compiled', async () => {
    const net = mlp(widths);
    const small = await createEngine({ threads: 1, memoryLimit: 100_000 });
    const session = await small.training(net.definition);
    await session.train(mlpBatch(8, widths), { rate: 0.01 });
    const before = await session.snapshot();
    const error: unknown = await session
      .train(mlpBatch(10_000, widths), { rate: 0.01 })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'EngineError', code: 'ENGINE_MEMORY' });
    expect((error as Error).message).toMatch(
      /^a training step on x \[10000,20\], y \[10000,10\], t \[10000,10\] needs \d\.\d MB more \(parameters 7\.3 kB, slots 7\.3 kB, constants \d+ B, activations \d\.\d MB in all\), and \d\d kB of the limit of 98 kB are left$/,
    );
    expect(error).toHaveProperty('hint', expect.stringContaining('smaller batch'));
    // It goes on with what fits.
    expect(await session.snapshot()).toEqual(before);
    expect((await session.train(mlpBatch(8, widths), { rate: 0.01 })).finite).toBe(true);
    await small.dispose();
    net.dispose();
  });

  it('counts all sessions of the engine', async () => {
    const net = mlp(widths);
    const alone = await createEngine({ threads: 1 });
    const session = await alone.training(net.definition);
    const need = (await session.memory(mlpBatch(8, widths))).total;
    const shared = await createEngine({ threads: 1, memoryLimit: Math.ceil(1.5 * need) });
    const [first, second] = [await shared.training(net.definition), await shared.training(net.definition)];
    await first.train(mlpBatch(8, widths), { rate: 0.01 });
    await expect(second.train(mlpBatch(8, widths), { rate: 0.01 })).rejects.toMatchObject({
      code: 'ENGINE_MEMORY',
    });
    await first.dispose();
    expect((await second.train(mlpBatch(8, widths), { rate: 0.01 })).finite).toBe(true);
    await alone.dispose();
    await shared.dispose();
    net.dispose();
  });

  it('holds for predictors', async () => {
    const net = mlp(widths);
    const small = await createEngine({ threads: 1, memoryLimit: 50_000 });
    const predictor = await small.predictor({
      variables: net.variables,
      forward: ({ x }) => ({ z: net.forward(x as tf.Tensor) }),
    });
    const x = { dtype: 'float32', shape: [1000, 20], data: new Float32Array(20_000) } as const;
    await expect(predictor.run({ x })).rejects.toMatchObject({ code: 'ENGINE_MEMORY' });
    await small.dispose();
    net.dispose();
  });

  it.each([NaN, -1])('refuses a limit of %s', async (memoryLimit) => {
    await expect(createEngine({ memoryLimit })).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: `memoryLimit is ${memoryLimit}; expected a number of bytes`,
    });
  });
});

describe('bytesText', () => {
  it('rounds', () => {
    expect([0, 999, 1000, 1024, 1.3 * 2 ** 30, 250 * 2 ** 20].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.0 kB',
      '1.3 GB',
      '250 MB',
    ]);
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (bytes) => {
        expect(bytesText(bytes)).toMatch(/^(\d{1,4}|\d\.\d|10\.0) [kMGT]?B$/);
      }),
    );
  });
});
