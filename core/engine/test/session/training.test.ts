// Training sessions on ONNX Runtime, against themselves and against the definition's own promises.
import { afterAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { createEngine, type HostTensors, type TrainingState } from '@potstill/engine';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const at = { rate: 0.05 };

describe('TrainingSession.train', () => {
  it('lowers the loss and reports the other terms', async () => {
    const session = await engine.training(mlp().definition);
    const batch = mlpBatch(16);
    const first = await session.train(batch, at);
    let last = first;
    for (let i = 0; i < 40; i++) last = await session.train(batch, at);
    expect(first.finite).toBe(true);
    expect(Object.keys(first.terms)).toEqual(['hard', 'soft']);
    expect(last.loss).toBeLessThan(first.loss * 0.9);
    expect(session.step).toBe(41);
  });

  it('takes batches of another size over the same weights', async () => {
    const session = await engine.training(mlp().definition);
    await session.train(mlpBatch(16), at);
    const before = await session.snapshot();
    await session.train(mlpBatch(3), at);
    const after = await session.snapshot();
    expect(after.step).toBe(2);
    expect(after.variables['layer0/kernel']?.data).not.toEqual(before.variables['layer0/kernel']?.data);
    await session.train(mlpBatch(1), at);
    expect(session.step).toBe(3);
  });

  it('does not touch the state when the loss is NaN', async () => {
    const session = await engine.training(mlp().definition);
    await session.train(mlpBatch(4), at);
    const before = await session.snapshot();
    const batch = mlpBatch(4);
    const bad: HostTensors = {
      ...batch,
      x: { dtype: 'float32', shape: [4, 6], data: new Float32Array(24).fill(NaN) },
    };
    const result = await session.train(bad, at);
    expect(result.finite).toBe(false);
    expect(result.loss).toBeNaN();
    expect(await session.snapshot()).toEqual(before);
    expect((await session.train(batch, at)).finite).toBe(true);
  });

  it('waits its turn when steps overlap', async () => {
    const together = await engine.training(mlp().definition);
    const apart = await engine.training(mlp().definition);
    await Promise.all([0, 1, 2].map((i) => together.train(mlpBatch(4, undefined, i), at)));
    for (const i of [0, 1, 2]) await apart.train(mlpBatch(4, undefined, i), at);
    expect(await together.snapshot()).toEqual(await apart.snapshot());
  });

  it('names the input whose data does not fit its shape', async () => {
    const session = await engine.training(mlp().definition);
    const batch = {
      ...mlpBatch(4),
      y: { dtype: 'float32' as const, shape: [4, 3], data: new Float32Array(11) },
    };
    await expect(session.train(batch, at)).rejects.toMatchObject({
      code: 'ENGINE_SHAPE',
      message: 'input `y`: 11 elements, but its shape [4,3] has 12',
    });
  });

  it('leaves no tensors behind', async () => {
    const { definition } = mlp();
    const before = tf.memory();
    const session = await engine.training(definition);
    await session.train(mlpBatch(4), at);
    await session.sync();
    await session.dispose();
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([
      before.numTensors,
      before.numDataBuffers,
      before.numBytes,
    ]);
  });

  it('refuses to train after dispose()', async () => {
    const session = await engine.training(mlp().definition);
    await session.dispose();
    await expect(session.train(mlpBatch(4), at)).rejects.toMatchObject({ code: 'ENGINE_STATE' });
  });
});

describe('TrainingSession.restore', () => {
  it('goes on bit for bit as if never interrupted', async () => {
    const whole = await engine.training(mlp().definition);
    for (let i = 0; i < 3; i++) await whole.train(mlpBatch(5, undefined, i), at);
    const state = await whole.snapshot();
    for (let i = 3; i < 6; i++) await whole.train(mlpBatch(5, undefined, i), at);

    const resumed = await engine.training(mlp().definition);
    await resumed.restore(state);
    for (let i = 3; i < 6; i++) await resumed.train(mlpBatch(5, undefined, i), at);
    expect(await resumed.snapshot()).toEqual(await whole.snapshot());
  });

  it('names everything that does not fit', async () => {
    const session = await engine.training(mlp().definition);
    const { step, variables, slots } = await session.snapshot();
    const { 'layer0/bias': bias, ...rest } = variables;
    const state: TrainingState = {
      step,
      slots,
      variables: {
        ...rest,
        'layer1/bias': bias as NonNullable<typeof bias>,
        extra: bias as NonNullable<typeof bias>,
      },
    };
    await expect(session.restore(state)).rejects.toMatchObject({
      code: 'ENGINE_STATE',
      message:
        'the training state does not fit: variable `layer0/bias` is missing; ' +
        'variable `layer1/bias` is float32[8], expected float32[3]; variable `extra` is not in the model',
    });
  });
});

describe('TrainingSession.sync', () => {
  it('writes the weights into the TF.js variables', async () => {
    const { definition, variables } = mlp();
    const session = await engine.training(definition);
    await session.train(mlpBatch(4), at);
    await session.sync();
    const { variables: state } = await session.snapshot();
    await session.train(mlpBatch(4), at);
    for (const { name, variable } of variables)
      expect(Float32Array.from(variable.dataSync())).toEqual(state[name]?.data);
  });
});

describe('TrainingSession.predictor', () => {
  it('follows the training', async () => {
    const { definition, forward } = mlp();
    const session = await engine.training(definition);
    const predictor = session.predictor(({ x }) => ({ logits: forward(x as tf.Tensor) }));
    const { x } = mlpBatch(2) as { x: HostTensors[string] };
    const before = await predictor.run({ x });
    await session.train(mlpBatch(4), at);
    const after = await predictor.run({ x });
    expect(after.logits?.shape).toEqual([2, 3]);
    expect(after.logits?.data).not.toEqual(before.logits?.data);
    await session.sync();
    const fixed = await engine.predictor({
      variables: definition.variables,
      forward: ({ x: input }) => ({ logits: forward(input as tf.Tensor) }),
    });
    const again = await fixed.run({ x });
    again.logits?.data.forEach((value, i) => expect(value).toBeCloseTo(after.logits?.data[i] as number, 5));
  });
});
