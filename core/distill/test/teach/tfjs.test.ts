// The teacher `tfjs`: layers and graph models from their folders, against TF.js itself.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, randomStream, type Engine } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { teacherComponents, type DataDescription, type Teacher } from 'potstill';
import { makeComponent } from 'potstill/testing';
import { batchOf, refusal } from './models.js';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-tfjs-'));
  engine = await createEngine({ backend: 'onnx', threads: 1 });
});
afterAll(async () => {
  await engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

const component = teacherComponents.find(({ name }) => name === 'tfjs');
function open(options: Record<string, unknown>, data: DataDescription): Promise<Teacher> {
  if (!component) throw new Error('no teacher `tfjs`');
  return makeComponent('teacher', component, { data }, { options, folder, services: { engine } });
}

const described = (shape: readonly number[], labels?: readonly string[]): DataDescription => ({
  spec: { image: { dtype: 'float32', shape } },
  inputs: ['image'],
  ...(labels ? { labels } : {}),
  fingerprint: 'd',
});

function images(shape: readonly number[]) {
  const count = shape.reduce((product, length) => product * length, 1);
  return batchOf({ image: { dtype: 'float32', shape, data: randomStream(3).normal(count) } });
}

/** Writes model.json and weights.bin into the folder, as model.save does. */
async function save(name: string, whole: object, weights: ArrayBuffer): Promise<string> {
  await writeFile(join(folder, `${name}.bin`), new Uint8Array(weights));
  await writeFile(join(folder, `${name}.json`), JSON.stringify(whole));
  return `./${name}.json`;
}

async function saveLayers(name: string, model: tf.LayersModel): Promise<string> {
  let path = '';
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs = [], weightData }) => {
      const manifest = [{ paths: [`${name}.bin`], weights: weightSpecs }];
      path = await save(
        name,
        { format: 'layers-model', modelTopology, weightsManifest: manifest },
        weightData as ArrayBuffer,
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return path;
}

describe('a layers model as a teacher', () => {
  const build = () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [8, 8, 1],
          filters: 3,
          kernelSize: 3,
          activation: 'relu',
          name: 'conv',
        }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4, name: 'scores' }),
        tf.layers.softmax(),
      ],
    });

  it('answers with its scores, and with layers by name', async () => {
    const model = build();
    const path = await saveLayers('layers', model);
    const teacher = await open(
      { model: path, outputs: { logits: 'logits', hidden: 'conv' }, labels: ['a', 'b', 'c', 'd'] },
      described([8, 8, 1], ['b', 'c']),
    );
    expect(teacher.outputs).toEqual({
      logits: { dtype: 'float32', shape: [4] },
      hidden: { dtype: 'float32', shape: [6, 6, 3] },
    });
    expect(teacher.parameters).toBe(3 * 9 + 3 + 108 * 4 + 4);
    for (const rows of [1, 3]) {
      const batch = images([rows, 8, 8, 1]);
      const { logits, hidden } = await teacher.label(batch);
      const given = tf.tensor(batch.tensors.image?.data as Float32Array, [rows, 8, 8, 1]);
      const wanted = (model.predict(given) as tf.Tensor).dataSync();
      const shares = tf.softmax(tf.tensor(logits?.data as Float32Array, [rows, 4])).dataSync();
      wanted.forEach((value, i) => expect(shares[i]).toBeCloseTo(value, 5));
      expect(hidden?.shape).toEqual([rows, 6, 6, 3]);
    }
    await teacher.dispose();
  });

  it('takes the numbers that it was trained on', async () => {
    const path = await saveLayers('scaled', build());
    const raw = await open({ model: path, input: { scale: 0.5, mean: 1 } }, described([8, 8, 1]));
    const plain = await open({ model: path }, described([8, 8, 1]));
    const batch = images([2, 8, 8, 1]);
    const values = batch.tensors.image?.data as Float32Array;
    const moved = { dtype: 'float32', shape: [2, 8, 8, 1], data: values.map((v) => 0.5 * v - 1) } as const;
    const [a, b] = [await raw.label(batch), await plain.label(batchOf({ image: moved }))];
    a.logits?.data.forEach((value, i) => expect(value).toBeCloseTo(b.logits?.data[i] ?? NaN, 4));
    await raw.dispose();
    await plain.dispose();
    expect(raw.fingerprint).not.toBe(plain.fingerprint);
  });

  it('is refused layers that it does not have, other shapes and files that are none', async () => {
    const path = await saveLayers('refused', build());
    const unknown = await refusal(open({ model: path, outputs: { logits: 'score' } }, described([8, 8, 1])));
    expect(unknown.message).toMatch(/has no output `score`; it has conv, .*scores, .*logits/);
    await expect(open({ model: path }, described([7, 7, 1]))).rejects.toMatchObject({
      name: 'PotstillError',
    });
    await writeFile(join(folder, 'broken.json'), '{');
    const broken = await refusal(open({ model: './broken.json' }, described([1])));
    expect(broken.message).toContain('is not JSON');
    const absent = await refusal(open({ model: './absent.json' }, described([1])));
    expect(absent.message).toContain('cannot be read: ENOENT');
  });
});

describe('a graph model as a teacher', () => {
  /** softmax(relu(x w + b) v), as TensorFlow freezes it. */
  const shape = (...lengths: number[]) => ({
    shape: { dim: lengths.map((size) => ({ size: String(size) })) },
  });
  const node = (name: string, op: string, input: string[] = [], attr: object = {}) => ({
    name,
    op,
    input,
    attr: { T: { type: 'DT_FLOAT' }, ...attr },
  });
  const constant = (name: string, ...lengths: number[]) =>
    node(name, 'Const', [], {
      dtype: { type: 'DT_FLOAT' },
      value: { tensor: { dtype: 'DT_FLOAT', tensorShape: shape(...lengths).shape } },
    });
  const matmul = { transpose_a: { b: false }, transpose_b: { b: false } };
  const graph = {
    node: [
      node('x', 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, ...shape(-1, 5) }),
      constant('w', 5, 6),
      constant('b', 6),
      constant('v', 6, 3),
      node('xw', 'MatMul', ['x', 'w'], matmul),
      node('hidden', 'BiasAdd', ['xw', 'b'], { data_format: { s: Buffer.from('NHWC').toString('base64') } }),
      node('relu', 'Relu', ['hidden']),
      node('scores', 'MatMul', ['relu', 'v'], matmul),
      node('y', 'Softmax', ['scores']),
    ],
    versions: { producer: 1 },
  };
  const weights = randomStream(9).normal(30 + 6 + 18);
  const specs = [
    { name: 'w', shape: [5, 6], dtype: 'float32' },
    { name: 'b', shape: [6], dtype: 'float32' },
    { name: 'v', shape: [6, 3], dtype: 'float32' },
  ];
  const write = (name: string) =>
    save(
      name,
      {
        format: 'graph-model',
        modelTopology: graph,
        weightsManifest: [{ paths: [`${name}.bin`], weights: specs }],
      },
      weights.slice().buffer,
    );

  it('answers as TF.js does', async () => {
    const path = await write('graph');
    const teacher = await open(
      { model: path, outputs: { logits: { from: 'y', as: 'probabilities' } } },
      described([5], ['a', 'b', 'c']),
    );
    expect(teacher.outputs).toEqual({ logits: { dtype: 'float32', shape: [3] } });
    expect(teacher.parameters).toBe(54);
    const batch = images([4, 5]);
    const { logits } = await teacher.label(batch);
    await teacher.dispose();
    const x = tf.tensor2d(batch.tensors.image?.data as Float32Array, [4, 5]);
    const w = tf.tensor2d(weights.slice(0, 30), [5, 6]);
    const v = tf.tensor2d(weights.slice(36), [6, 3]);
    const hidden = tf.relu(tf.add(tf.matMul(x, w), tf.tensor1d(weights.slice(30, 36))));
    const wanted = tf.logSoftmax(tf.matMul(hidden, v)).dataSync();
    wanted.forEach((value, i) => expect(logits?.data[i]).toBeCloseTo(value, 4));
  });

  it('has a fingerprint of its weights', async () => {
    const one = await open({ model: await write('one') }, described([5]));
    weights[0] = 7;
    const other = await open({ model: await write('two') }, described([5]));
    expect(other.fingerprint).not.toBe(one.fingerprint);
    await one.dispose();
    await other.dispose();
  });

  it('is refused where its weights are missing', async () => {
    const path = await write('missing');
    await rm(join(folder, 'missing.bin'));
    const error = await refusal(open({ model: path }, described([5])));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain('cannot be read: ENOENT');
  });
});
