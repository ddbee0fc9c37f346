// Recurrent models as ONNX files with a free batch axis, run beside the engine's predictor.
import { ort } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import {
  bidirectional,
  createEngine,
  type ExportDefinition,
  exportOnnx,
  gru,
  gruVariables,
  type HostTensors,
  lstm,
  lstmVariables,
  randomStream,
  readOnnxModel,
  scan,
} from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { numbers } from '../helpers/agree.js';
import { allClose } from '../helpers/close.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** Runs the exported file and the predictor at several batch sizes and compares; gives the file's operators. */
async function agrees(definition: ExportDefinition): Promise<string[]> {
  const bytes = await exportOnnx(definition);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const predictor = await engine.predictor(definition);
  for (const batch of [1, 2, 7]) {
    const inputs: HostTensors = Object.fromEntries(
      Object.entries(definition.inputs).map(([name, { shape }]) => [
        name,
        numbers(name, [batch, ...shape.map(Number)]),
      ]),
    );
    if (inputs.mask) inputs.mask.data.forEach((x, i, all) => (all[i] = x > 0 ? 1 : 0));
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => [
        name,
        new ort.Tensor('float32', data as Float32Array, shape),
      ]),
    );
    const got = await session.run(feeds);
    const expected = await predictor.run(inputs);
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    for (const [name, { data, shape }] of Object.entries(expected)) {
      expect(got[name]?.dims).toEqual(shape);
      allClose(got[name]?.data as Float32Array, data, { absolute: 1e-5, relative: 1e-5 });
    }
  }
  await session.release();
  await predictor.dispose();
  return (readOnnxModel(bytes).graph?.node ?? []).map(({ opType }) => opType ?? '');
}

describe('exportOnnx', () => {
  it.each([1, 3])('writes a GRU of %i units whose length does not change its size', async (units) => {
    const sizes = await Promise.all(
      [1, 50].map(async (time) => {
        const { weights, variables } = gruVariables('g', { features: 2, units, random: randomStream(3) });
        const operators = await agrees({
          variables,
          inputs: { x: { dtype: 'float32', shape: [time, 2] } },
          forward: ({ x }) => {
            const { outputs, state } = gru(x as tf.Tensor, weights);
            return { outputs, state };
          },
        });
        return operators.length;
      }),
    );
    expect(sizes[1]).toBeLessThanOrEqual((sizes[0] ?? 0) + 2);
  });

  it('writes an LSTM in both directions with a mask, under a dense layer', async () => {
    const make = (name: string) => lstmVariables(name, { features: 3, units: 4, random: randomStream(5) });
    const [forward, backward] = [make('forward'), make('backward')];
    const operators = await agrees({
      variables: [...forward.variables, ...backward.variables],
      inputs: { x: { dtype: 'float32', shape: [6, 3] }, mask: { dtype: 'float32', shape: [6] } },
      forward: ({ x, mask }) => {
        const options = { mask: mask as tf.Tensor };
        const { outputs, state } = bidirectional(
          lstm(x as tf.Tensor, forward.weights, options),
          lstm(x as tf.Tensor, backward.weights, { ...options, reverse: true }),
        );
        return { mean: tf.mean(outputs, 1), memory: tf.add(state.forward.c, state.backward.c) };
      },
    });
    expect(operators.filter((operator) => operator === 'Scan')).toHaveLength(2);
  });

  it('frees the batch within the cell as well', async () => {
    await agrees({
      variables: [],
      inputs: { x: { dtype: 'float32', shape: [4, 6] } },
      forward: ({ x }) => {
        const [batch = 0] = (x as tf.Tensor).shape;
        const { carry } = scan(
          ({ h }: { h: tf.Tensor2D }, part: { x: tf.Tensor2D }) => {
            // The cell makes tensors of the batch's size, reshapes by it, repeats.
            const flat = tf.reshape(tf.add(h, part.x), [batch * 3, 2]);
            const both = tf.concat([tf.reshape(tf.tanh(flat), [batch, 6]), tf.ones([batch, 2])], 1);
            return { carry: { h: tf.slice(tf.tile(both, [1, 2]), [0, 1], [batch, 6]) }, y: {} };
          },
          { carry: { h: tf.zeros([batch, 6]) }, sequences: { x: tf.transpose(x as tf.Tensor, [1, 0, 2]) } },
        );
        return { h: carry.h };
      },
    });
  });

  it('refuses a cell that computes with the batch size, naming the line', async () => {
    await expect(
      exportOnnx({
        variables: [],
        inputs: { x: { dtype: 'float32', shape: [4, 2] } },
        forward: ({ x }) => {
          const { carry } = scan(
            ({ h }: { h: tf.Tensor2D }, part: { x: tf.Tensor2D }) => ({
              carry: { h: tf.add(h, tf.div(part.x, h.shape[0])) },
              y: {},
            }),
            {
              carry: { h: tf.zeros([x?.shape[0] ?? 0, 2]) },
              sequences: { x: tf.transpose(x as tf.Tensor, [1, 0, 2]) },
            },
          );
          return { h: carry.h };
        },
      }),
    ).rejects.toMatchObject({
      code: 'ENGINE_NO_BATCH_AXIS',
      location: expect.stringContaining('export.test.ts') as string,
    });
  });
});
