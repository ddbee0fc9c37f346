// Feature maps of convolutional teachers: channels first in ONNX, channels last in students.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream, tapOutputs, type OnnxNode } from '@potstill/engine';
import { ort } from '@potstill/engine';
import {
  attribute,
  described,
  images,
  integers,
  modelBytes,
  modelFolder,
  refusal,
  weight,
  type Folder,
} from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

const random = randomStream(8);
const transpose = (input: string, output: string, perm: readonly number[]): OnnxNode => ({
  opType: 'Transpose',
  input: [input],
  output: [output],
  attribute: [attribute('perm', perm)],
});

/** 3 channels of 4 x 5 to 6 classes, with a residual, a detour through channels last, and attention-like maps. */
const network = modelBytes({
  inputs: [{ name: 'x', shape: ['batch', 3, 4, 5] }],
  outputs: [{ name: 'scores', shape: ['batch', 6] }],
  nodes: [
    { opType: 'Conv', input: ['x', 'w1'], output: ['conv'], attribute: [attribute('pads', [1, 1, 1, 1])] },
    { opType: 'Relu', input: ['conv'], output: ['relu'] },
    transpose('relu', 'last', [0, 2, 3, 1]),
    { opType: 'MatMul', input: ['last', 'w2'], output: ['mixed'] },
    transpose('mixed', 'back', [0, 3, 1, 2]),
    { opType: 'Add', input: ['back', 'relu'], output: ['sum'] },
    { opType: 'Reshape', input: ['sum', 'heads'], output: ['maps'] },
    { opType: 'GlobalAveragePool', input: ['sum'], output: ['pooled'] },
    { opType: 'Flatten', input: ['pooled'], output: ['scores'] },
  ],
  weights: [
    weight('w1', [6, 3, 3, 3], Array.from(random.child('w1').normal(162))),
    weight('w2', [6, 6], Array.from(random.child('w2').normal(36))),
    integers('heads', [-1, 2, 3, 20]),
  ],
});

const data = described([4, 5, 3], { layout: 'NHWC', scale: 1, mean: [0], std: [1] });
const rows = 2;
const pixels = random.child('x').normal(rows * 60);

/** What onnxruntime gives for one value of the graph, axes as they are there. */
async function cut(name: string): Promise<{ dims: readonly number[]; data: Float32Array }> {
  const session = await ort.InferenceSession.create(tapOutputs(network, [name]), { logSeverityLevel: 3 });
  const first = new Float32Array(pixels.length);
  for (let n = 0; n < rows; n++)
    for (let p = 0; p < 20; p++)
      for (let c = 0; c < 3; c++) first[n * 60 + c * 20 + p] = pixels[n * 60 + p * 3 + c] as number;
  const results = await session.run({ x: new ort.Tensor('float32', first, [rows, 3, 4, 5]) }, [name]);
  const { dims, data: values } = results[name] as ort.TypedTensor<'float32'>;
  return { dims, data: Float32Array.from(values) };
}

/** [n, c, h, w] to [n, h, w, c], written out. */
function channelsLast({ dims, data: values }: Awaited<ReturnType<typeof cut>>): number[] {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const out: number[] = [];
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < c; k++) out.push(values[((i * c + k) * h + y) * w + x] as number);
  return out;
}

async function taps(outputs: object) {
  await folder.put('net.onnx', network);
  const teacher = await folder.open('onnx', { model: 'net.onnx', outputs }, data);
  const answers = await teacher.label(images([rows, 4, 5, 3], pixels));
  await teacher.dispose();
  return { specs: teacher.outputs, answers, fingerprint: teacher.fingerprint };
}

describe('taps of a convolutional teacher', () => {
  it.each(['conv', 'relu', 'back', 'sum'])(
    'give the feature map `%s` with its channels last',
    async (name) => {
      const { specs, answers } = await taps({ tap: name });
      expect(specs.tap).toEqual({ dtype: 'float32', shape: [4, 5, 6], layout: 'NHWC' });
      expect(answers.tap?.shape).toEqual([rows, 4, 5, 6]);
      expect([...(answers.tap?.data ?? [])]).toEqual(channelsLast(await cut(name)));
    },
  );

  it.each([
    ['what is channels last already', 'mixed', [4, 5, 6]],
    ['what is no feature map', 'maps', [2, 3, 20]],
    ['vectors', 'scores', [6]],
  ])('leave %s as it is', async (_what, name, shape) => {
    const { specs, answers } = await taps({ tap: name });
    expect(specs.tap).toEqual({ dtype: 'float32', shape });
    expect([...(answers.tap?.data ?? [])]).toEqual([...(await cut(name)).data]);
  });

  it('keep their axes, or are turned, where the recipe says so', async () => {
    const { specs, answers, fingerprint } = await taps({ tap: { from: 'relu', layout: 'keep' } });
    expect(specs.tap).toEqual({ dtype: 'float32', shape: [6, 4, 5], layout: 'NCHW' });
    expect([...(answers.tap?.data ?? [])]).toEqual([...(await cut('relu')).data]);
    expect(fingerprint).not.toBe((await taps({ tap: 'relu' })).fingerprint);
    const turned = await taps({ tap: { from: 'maps', layout: 'NCHW' } });
    expect(turned.specs.tap?.shape).toEqual([3, 20, 2]);
    expect([...(turned.answers.tap?.data ?? [])]).toEqual(channelsLast(await cut('maps')));
  });

  it('have no layout where there are not three axes', async () => {
    const error = await refusal(taps({ tap: { from: 'scores', layout: 'NCHW' } }));
    expect(error.message).toContain('is [6] an example, which has no layout NCHW');
  });
});
