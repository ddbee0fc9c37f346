// Exported models, run by ONNX Runtime beside the engine's own predictor.
import { ort } from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import {
  createEngine,
  exportOnnx,
  type ExportDefinition,
  type HostTensor,
  type HostTensors,
  type OnnxGraph,
  randomStream,
  readOnnxModel,
} from '@potstill/engine';
import { allClose } from '../helpers/close.js';
import { cnn } from '../helpers/cnn.js';
import { mlp } from '../helpers/mlp.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

function normal(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { dtype: 'float32', shape, data: randomStream(seed).normal(size) };
}

/** Runs the exported file and the predictor at several batch sizes and compares. */
async function agrees(definition: ExportDefinition): Promise<void> {
  const session = await ort.InferenceSession.create(await exportOnnx(definition), { logSeverityLevel: 3 });
  const predictor = await engine.predictor(definition);
  for (const batch of [1, 2, 7]) {
    const inputs: HostTensors = Object.fromEntries(
      Object.entries(definition.inputs).map(([name, { shape }], i) => [
        name,
        normal([batch, ...shape.map(Number)], 10 * batch + i),
      ]),
    );
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
}

function oneInput(forward: (x: tf.Tensor) => tf.Tensor, shape: readonly number[] = [4]): ExportDefinition {
  return {
    variables: [],
    inputs: { x: { dtype: 'float32', shape } },
    forward: ({ x }) => ({ y: forward(x as tf.Tensor) }),
  };
}

describe('exportOnnx', () => {
  it('writes an MLP that runs at any batch size', async () => {
    const model = mlp();
    await agrees({
      variables: model.variables,
      inputs: { x: { dtype: 'float32', shape: [6] } },
      forward: ({ x }) => {
        const logits = model.forward(x as tf.Tensor);
        return { logits, probabilities: tf.softmax(logits) };
      },
    });
    model.dispose();
  });

  it('writes a CNN with batch norm that runs at any batch size', async () => {
    const model = cnn();
    await agrees({
      variables: model.variables,
      inputs: { x: { dtype: 'float32', shape: [8, 8, 2] } },
      forward: ({ x }, at) => ({ logits: model.forward(x as tf.Tensor, at) }),
    });
    model.dispose();
  });

  it('follows the batch through reshapes, broadcasts and slices', async () => {
    await agrees(
      oneInput(
        (x) => {
          const [batch = 0] = x.shape;
          const flat = tf.reshape(x, [batch * 3, 2]);
          const ones = tf.ones([batch, 3, 2]);
          const both = tf.concat([tf.reshape(tf.tanh(flat), [batch, 3, 2]), ones], 0);
          return tf.slice(both, [0, 0, 0], [batch, 3, 2]);
        },
        [3, 2],
      ),
    );
  });

  it('takes fills of any size, and batch sizes that the model itself has as lengths', async () => {
    await agrees(
      oneInput(
        (x) => {
          const [batch = 0] = x.shape;
          const small = tf.concat([x, tf.zeros([batch, 1]), tf.ones([batch, 25])], 1);
          const fixed = tf.matMul(tf.ones([3, 97]), tf.ones([97, 2]));
          return tf.concat([small, tf.tile(tf.reshape(tf.sum(fixed), [1, 1]), [batch, 2])], 1);
        },
        [2],
      ),
    );
  });

  it('leaves the first axes of a graph free, each under its own name', async () => {
    const bytes = await exportOnnx({
      variables: [],
      inputs: {
        x: { dtype: 'float32', shape: [3], axis: 'nodes' },
        source: { dtype: 'int32', shape: [], axis: 'edges' },
        target: { dtype: 'int32', shape: [], axis: 'edges' },
      },
      forward: ({ x, source, target }) => {
        const messages = tf.gather(x as tf.Tensor2D, source as tf.Tensor1D);
        const sums = tf.unsortedSegmentSum(messages, target as tf.Tensor1D, x?.shape[0] ?? 0);
        return { sums, messages };
      },
    });
    const { graph } = readOnnxModel(bytes);
    const axesOf = (values: OnnxGraph['input']) =>
      values?.map(({ name, type }) => [name, type?.tensorType?.shape?.dim?.[0]?.dimParam]);
    expect(axesOf(graph?.input)).toEqual([
      ['x', 'nodes'],
      ['source', 'edges'],
      ['target', 'edges'],
    ]);
    expect(axesOf(graph?.output)).toEqual([
      ['sums', 'nodes'],
      ['messages', 'edges'],
    ]);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const edges = (...ids: number[]) => new ort.Tensor('int32', Int32Array.from(ids), [ids.length]);
    const got = await session.run({
      x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 10, 20, 30), [2, 3]),
      source: edges(0, 1, 1, 0, 1),
      target: edges(0, 0, 1, 0, 0),
    });
    expect(got.sums?.dims).toEqual([2, 3]);
    expect([...(got.sums?.data as Float32Array)]).toEqual([22, 44, 66, 10, 20, 30]);
    expect(got.messages?.dims).toEqual([5, 3]);
    await session.release();
  });

  it('refuses what adds free axes up, and more free axes than it can tell apart', async () => {
    const vector = (axis: string) => ({ dtype: 'float32', shape: [], axis }) as const;
    const joined = exportOnnx({
      variables: [],
      inputs: { a: vector('nodes'), b: vector('edges') },
      forward: ({ a, b }) => ({ y: tf.concat([a as tf.Tensor1D, b as tf.Tensor1D]) }),
    });
    await expect(joined).rejects.toMatchObject({
      code: 'ENGINE_NO_BATCH_AXIS',
      message: expect.stringContaining(
        'output 0 has shape [2028] for nodes 1009, edges 1019 and [2034] for nodes 1013, edges 1021; the first axis must be nodes or edges',
      ) as string,
    });
    const five = exportOnnx({
      variables: [],
      inputs: Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, vector(name)])),
      forward: ({ a }) => ({ y: tf.relu(a as tf.Tensor) }),
    });
    await expect(five).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: 'the inputs have 5 free axes (a, b, c, d, e), 4 are possible',
    });
  });

  it('names inputs, outputs, weights and metadata as the definition does', async () => {
    const model = mlp();
    const bytes = await exportOnnx({
      variables: model.variables,
      inputs: { t0: { dtype: 'float32', shape: [6] }, unused: { dtype: 'int32', shape: [] } },
      forward: ({ t0 }) => ({ logits: model.forward(t0 as tf.Tensor) }),
      metadata: { recipe: 'test' },
    });
    const { graph, metadataProps, opsetImport } = readOnnxModel(bytes);
    expect(graph?.input?.map(({ name }) => name)).toEqual(['t0', 'unused']);
    expect(graph?.output?.map(({ name }) => name)).toEqual(['logits']);
    expect(graph?.input?.[0]?.type?.tensorType?.shape?.dim?.[0]?.dimParam).toBe('batch');
    expect(graph?.initializer?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(model.variables.map(({ name }) => name)),
    );
    expect(metadataProps).toMatchObject([{ key: 'recipe', value: 'test' }]);
    expect(Number(opsetImport?.[0]?.version)).toBe(21);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    expect(session.inputNames).toEqual(['t0', 'unused']);
    model.dispose();
  });

  it('refuses an output without the batch axis', async () => {
    await expect(exportOnnx(oneInput((x) => tf.mean(x, 0)))).rejects.toMatchObject({
      code: 'ENGINE_NO_BATCH_AXIS',
      message: expect.stringContaining('output 0 has shape [4] for batch 97 and [4] for batch 101') as string,
    });
  });

  it('refuses arithmetic with the batch size, naming the line', async () => {
    await expect(exportOnnx(oneInput((x) => tf.div(x, x.shape[0] ?? 1)))).rejects.toMatchObject({
      code: 'ENGINE_NO_BATCH_AXIS',
      location: expect.stringContaining('export.test.ts') as string,
    });
  });

  it('refuses one name for an input and an output', async () => {
    await expect(
      exportOnnx({
        variables: [],
        inputs: { x: { dtype: 'float32', shape: [2] } },
        forward: ({ x }) => ({ x: tf.relu(x as tf.Tensor) }),
      }),
    ).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: '`x` is the name of an input and of an output',
    });
  });
});
