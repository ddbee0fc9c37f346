// Models of sequences with several free axes, run by ONNX Runtime beside the engine's own predictor at several lengths.
import * as tf from '@tensorflow/tfjs';
import {
  createEngine,
  exportOnnx,
  gru,
  ort,
  randomStream,
  readOnnxModel,
  type ExportDefinition,
  type HostTensor,
  type HostTensors,
} from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { allClose } from '../helpers/close.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

function normal(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { dtype: 'float32', shape, data: randomStream(seed).normal(size) };
}

const weight = (name: string, shape: number[], seed: number) => ({
  name,
  variable: tf.variable(tf.tensor(normal(shape, seed).data, shape)),
});

function toOrt({ dtype, data, shape }: HostTensor): ort.Tensor {
  return new ort.Tensor(dtype, data, [...shape]);
}

/** Runs the file and the predictor on sequences of several sizes and compares; gives the file. */
async function agrees(
  definition: ExportDefinition,
  inputsAt: (batch: number, frames: number) => HostTensors,
): Promise<Uint8Array> {
  const bytes = await exportOnnx(definition);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const predictor = await engine.predictor(definition);
  for (const [batch, frames] of [
    [1, 5],
    [3, 8],
    [2, 1],
  ] as const) {
    const inputs = inputsAt(batch, frames);
    const feeds = Object.fromEntries(
      session.inputNames.map((name) => [name, toOrt(inputs[name] as HostTensor)]),
    );
    const got = await session.run(feeds);
    for (const [name, { data, shape }] of Object.entries(await predictor.run(inputs))) {
      expect(got[name]?.dims, `${name} at batch ${batch}, frames ${frames}`).toEqual(shape);
      allClose(got[name]?.data as Float32Array, data, { absolute: 1e-5, relative: 1e-5 });
    }
  }
  await session.release();
  return bytes;
}

const frames = { x: { dtype: 'float32', shape: ['frames', 4] } } as const;
const framesAt = (batch: number, length: number): HostTensors => ({ x: normal([batch, length, 4], length) });

describe('exportOnnx with several free axes', () => {
  it('classifies each frame, by matrices over all frames of the batch', async () => {
    const [w, b] = [weight('w', [4, 3], 1), weight('b', [3], 2)];
    const bytes = await agrees(
      {
        variables: [w, b],
        inputs: frames,
        forward: ({ x }) => {
          const [batch = 0, length = 0] = x?.shape ?? [];
          const flat = tf.reshape(x as tf.Tensor, [batch * length, 4]);
          const logits = tf.add(tf.matMul(flat, w.variable as tf.Tensor2D), b.variable);
          return { logits: tf.reshape(logits, [batch, length, 3]) };
        },
      },
      framesAt,
    );
    const { graph } = readOnnxModel(bytes);
    const axes = (values: NonNullable<typeof graph>['input']) =>
      values?.map(({ type }) =>
        type?.tensorType?.shape?.dim?.map(({ dimParam, dimValue }) =>
          dimParam === '' ? Number(dimValue) : dimParam,
        ),
      );
    expect(axes(graph?.input)).toEqual([['batch', 'frames', 4]]);
    expect(axes(graph?.output)).toEqual([['batch', 'frames', 3]]);
  });

  it('attends within lengths, with positions counted along the frames', async () => {
    const table = weight('positions', [300, 4], 3);
    await agrees(
      {
        variables: [table],
        inputs: { ...frames, 'x.length': { dtype: 'int32', shape: [] } },
        forward: (inputs) => {
          const x = inputs.x as tf.Tensor3D;
          const lengths = inputs['x.length'] as tf.Tensor1D;
          const [batch, length] = x.shape;
          const positions = tf.range(0, length, 1, 'int32');
          const placed = tf.add<tf.Tensor3D>(x, tf.gather(table.variable, positions));
          const within = tf.less(tf.reshape(positions, [1, 1, length]), tf.reshape(lengths, [batch, 1, 1]));
          // Two heads of two.
          const split = tf.transpose(tf.reshape(placed, [batch, length, 2, 2]), [0, 2, 1, 3]);
          const heads = tf.reshape(split, [batch * 2, length, 2]);
          const scores = tf.reshape(tf.matMul(heads, heads, false, true), [batch, 2, length, length]);
          const masked = tf.where(
            tf.expandDims(within, 1),
            scores,
            tf.fill([batch, 2, length, length], -1e9),
          );
          const mixed = tf.matMul(tf.reshape(tf.softmax(masked), [batch * 2, length, length]), heads);
          const joined = tf.transpose(tf.reshape(mixed, [batch, 2, length, 2]), [0, 2, 1, 3]);
          const features = tf.reshape(joined, [batch, length, 4]);
          const mask = tf.cast(tf.reshape(within, [batch, length, 1]), 'float32');
          const pooled = tf.div(tf.sum(tf.mul(features, mask), 1), tf.sum(mask, 1));
          return { features, pooled, scores };
        },
      },
      (batch, length) => ({
        ...framesAt(batch, length),
        'x.length': {
          dtype: 'int32',
          shape: [batch],
          data: Int32Array.from({ length: batch }, (_, i) => Math.max(1, length - i)),
        },
      }),
    );
  });

  it('halves the frames by a strided convolution, under a name of the output', async () => {
    const kernel = weight('kernel', [3, 4, 5], 4);
    const w = weight('w', [5, 2], 5);
    const bytes = await agrees(
      {
        variables: [kernel, w],
        inputs: frames,
        forward: ({ x }) => {
          const padded = tf.pad(x as tf.Tensor3D, [
            [0, 0],
            [1, 1],
            [0, 0],
          ]);
          const half = tf.conv1d(padded, kernel.variable as tf.Tensor3D, 2, 'valid');
          const [batch, length] = half.shape;
          const logits = tf.matMul(tf.reshape(half, [batch * length, 5]), w.variable);
          return { logits: tf.reshape(logits, [batch, length, 2]) };
        },
      },
      framesAt,
    );
    const dims = readOnnxModel(bytes).graph?.output?.[0]?.type?.tensorType?.shape?.dim;
    expect(dims?.map(({ dimParam }) => dimParam)).toEqual(['batch', 'logits.1', '']);
  });

  it('walks along the frames', async () => {
    const [kernel, recurrent, bias] = [weight('k', [4, 9], 6), weight('r', [3, 9], 7), weight('b', [9], 8)];
    await agrees(
      {
        variables: [kernel, recurrent, bias],
        inputs: frames,
        forward: ({ x }) => ({
          y: gru(
            x as tf.Tensor3D,
            {
              kernel: kernel.variable,
              recurrentKernel: recurrent.variable,
              bias: bias.variable,
            },
            { resetAfter: false },
          ).outputs,
        }),
      },
      framesAt,
    );
  });

  it('takes pairs of sequences of different lengths, and leaves out what is optional and not used', async () => {
    const bytes = await agrees(
      {
        variables: [],
        inputs: {
          a: { dtype: 'float32', shape: ['tokens', 4] },
          b: { dtype: 'float32', shape: ['others', 4] },
          'a.length': { dtype: 'int32', shape: [], optional: true },
        },
        forward: ({ a, b }) => ({ scores: tf.matMul(a as tf.Tensor3D, b as tf.Tensor3D, false, true) }),
      },
      (batch, length) => ({ a: normal([batch, length, 4], 1), b: normal([batch, length + 2, 4], 2) }),
    );
    const { graph } = readOnnxModel(bytes);
    expect(graph?.input?.map(({ name }) => name)).toEqual(['a', 'b']);
    const dims = graph?.output?.[0]?.type?.tensorType?.shape?.dim;
    expect(dims?.map(({ dimParam }) => dimParam)).toEqual(['batch', 'tokens', 'others']);
  });

  it('takes neighbours of each frame, and a token in front', async () => {
    await agrees(
      {
        variables: [],
        inputs: frames,
        forward: ({ x }) => {
          const [batch = 0, length = 0] = x?.shape ?? [];
          const padded = tf.pad(x as tf.Tensor3D, [
            [0, 0],
            [1, 2],
            [0, 0],
          ]);
          const window = [0, 1, 3].map((at) => tf.slice(padded, [0, at, 0], [batch, length, 4]));
          const fronted = tf.concat([tf.ones([batch, 1, 4]), x as tf.Tensor3D], 1);
          const rows = tf.reshape(fronted, [batch * (length + 1), 4]);
          const halved = tf.reshape(tf.mul(rows, 0.5), [batch, length + 1, 4]);
          return { near: tf.concat(window, 2), rest: tf.slice(halved, [0, 1, 0], [batch, length, 4]) };
        },
      },
      framesAt,
    );
  });

  it('gathers from rows of all examples, which begin at multiples of a length', async () => {
    await agrees(
      {
        variables: [],
        inputs: { ...frames, chosen: { dtype: 'int32', shape: [] } },
        forward: ({ x, chosen }) => {
          const [batch = 0, length = 0] = x?.shape ?? [];
          const begin = tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(length, 'int32'));
          const rows = tf.reshape(x as tf.Tensor, [batch * length, 4]);
          return { y: tf.gather(rows, tf.add<tf.Tensor1D>(begin, chosen as tf.Tensor1D)) };
        },
      },
      (batch, length) => ({
        ...framesAt(batch, length),
        chosen: {
          dtype: 'int32',
          shape: [batch],
          data: Int32Array.from({ length: batch }, (_, i) => (i * 3) % length),
        },
      }),
    );
  });

  it('refuses padding that depends on whether a length is even', async () => {
    const kernel = weight('kernel', [3, 4, 5], 4);
    const definition: ExportDefinition = {
      variables: [kernel],
      inputs: frames,
      forward: ({ x }) => ({ y: tf.conv1d(x as tf.Tensor3D, kernel.variable as tf.Tensor3D, 2, 'same') }),
    };
    await expect(exportOnnx(definition)).rejects.toMatchObject({ code: 'ENGINE_NO_BATCH_AXIS' });
  });

  it('refuses arithmetic with a length', async () => {
    const definition: ExportDefinition = {
      variables: [],
      inputs: frames,
      forward: ({ x }) => ({ y: tf.div(x as tf.Tensor, x?.shape[1] ?? 1) }),
    };
    await expect(exportOnnx(definition)).rejects.toMatchObject({ code: 'ENGINE_NO_BATCH_AXIS' });
  });
});
