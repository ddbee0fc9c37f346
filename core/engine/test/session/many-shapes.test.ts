// The warning of a session that compiles again and again.
import { once } from 'node:events';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createEngine, type EngineWarning, type HostTensors, randomStream, sgd } from '@potstill/engine';

/** A model of sequences [batch, length, 1] by one weight. */
function model(): {
  readonly variable: tf.Variable;
  readonly batch: (batch: number, length: number) => HostTensors;
} {
  const variable = tf.tidy(() => tf.variable(tf.scalar(0.5)));
  return {
    variable,
    batch: (batch, length) => ({
      x: { dtype: 'float32', shape: [batch, length, 1], data: new Float32Array(batch * length).fill(1) },
      y: { dtype: 'float32', shape: [batch], data: new Float32Array(batch) },
    }),
  };
}

const definition = (variable: tf.Variable) => ({
  variables: [{ name: 'w', variable }],
  loss: ({ x, y }: Readonly<Record<string, tf.Tensor>>) => ({
    loss: tf.mean<tf.Scalar>(
      tf.square(tf.sub(tf.mean(tf.mul(x as tf.Tensor, variable), [1, 2]), y as tf.Tensor)),
    ),
  }),
  optimizer: sgd(),
  random: randomStream(1),
});

describe('TrainingSession.train', () => {
  it('warns once of many shapes, naming what varies', async () => {
    const warnings: EngineWarning[] = [];
    const engine = await createEngine({ threads: 1, onWarning: (warning) => warnings.push(warning) });
    const { variable, batch } = model();
    const session = await engine.training(definition(variable));
    for (let length = 3; length < 19; length++)
      for (let i = 0; i < 2; i++) await session.train(batch(2, length), { rate: 0.1 });
    expect(warnings).toEqual([]);
    for (let length = 19; length < 22; length++) await session.train(batch(2, length), { rate: 0.1 });
    expect(warnings).toEqual([
      {
        code: 'ENGINE_MANY_SHAPES',
        message:
          '17 sets of input shapes were compiled, which costs time and memory: input `x` axis 1 has 17 lengths, 3 to 19',
        hint: 'Pad to a few lengths: bucketLengths chooses them, padBatch pads and gives the mask.',
      },
    ]);
    await engine.dispose();
    variable.dispose();
  });

  it('counts shapes, not the graphs that gather gradients and those that update', async () => {
    const warnings: EngineWarning[] = [];
    const engine = await createEngine({ threads: 1, onWarning: (warning) => warnings.push(warning) });
    const { variable, batch } = model();
    const session = await engine.training({ ...definition(variable), accumulate: 2 });
    for (let length = 1; length < 13; length++)
      for (let i = 0; i < 2; i++) await session.train(batch(2, length), { rate: 0.1 });
    expect(warnings).toEqual([]);
    await engine.dispose();
    variable.dispose();
  });

  it("warns by Node's own way when nobody asked for another", async () => {
    const engine = await createEngine({ threads: 1 });
    const { variable, batch } = model();
    const session = await engine.training(definition(variable));
    const told = once(process, 'warning');
    for (let size = 1; size < 18; size++) await session.train(batch(size, 2), { rate: 0.1 });
    const [warning] = (await told) as [Error & { readonly code?: string }];
    expect([warning.name, warning.code]).toEqual(['EngineWarning', 'ENGINE_MANY_SHAPES']);
    expect(warning.message).toContain(
      'input `x` axis 0 has 17 lengths, 1 to 17; input `y` axis 0 has 17 lengths',
    );
    await engine.dispose();
    variable.dispose();
  });
});
