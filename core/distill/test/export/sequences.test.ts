// ONNX files of students of sequences and of several inputs: free axes by name, checked at two lengths.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { createEngine, ort, randomStream, readOnnxModel, type Engine } from '@potstill/engine';
import {
  examplesDataset,
  exporterComponents,
  lengthMask,
  withBuckets,
  type ComponentServices,
  type Dataset,
  type Example,
  type ExportResult,
  type Student,
} from 'potstill';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const random = randomStream(5);

async function run(student: Student, data: Dataset, outputs?: string[]): Promise<ExportResult> {
  const component = exporterComponents.find((entry) => entry.name === 'onnx');
  if (component?.kind !== 'exporter') throw new Error('no exporter onnx');
  const services = { engine, random, paths: { runFolder: folder } } as unknown as ComponentServices;
  const exporter = await component.create(component.options.parse(outputs ? { outputs } : {}), services, {});
  exporter.check?.({ student, data });
  return exporter.export({
    student,
    data,
    sample: data,
    folder,
    recipeName: 'tiny',
    recipeHash: 'abc',
  });
}

function utterance(frames: number, words: number): Example {
  return {
    frames: { dtype: 'float32', shape: [frames, 4], data: random.at(frames).normal(4 * frames) },
    words: { dtype: 'int32', shape: [words], data: new Int32Array(words).fill(3) },
  };
}

const speech = withBuckets(
  examplesDataset({
    description: {
      spec: {
        frames: { dtype: 'float32', shape: [null, 4], free: ['frames'] },
        words: { dtype: 'int32', shape: [null] },
      },
      inputs: ['frames', 'words'],
    },
    examples: [utterance(3, 2), utterance(9, 1), utterance(6, 4)],
  }),
  [{ frames: 10, words: 4 }],
);

/** Scores of each frame beside the mean of the words; `divide`: by the padded length, which an export must notice. */
function student(divide = false): Student {
  const kernel = tf.variable(tf.tensor2d(random.child('kernel').normal(12), [4, 3]));
  const table = tf.variable(tf.tensor2d(random.child('table').normal(15), [5, 3]));
  return {
    outputs: {
      logits: { dtype: 'float32', shape: [null, 3], free: ['frames'] },
      words: { dtype: 'float32', shape: [3] },
    },
    variables: [
      { name: 'kernel', variable: kernel },
      { name: 'table', variable: table },
    ],
    forward(inputs) {
      const frames = inputs.frames as tf.Tensor3D;
      const words = inputs.words as tf.Tensor2D;
      const mask = lengthMask(inputs['words.length'] as tf.Tensor, words.shape);
      const embedded = tf.mul(tf.gather(table, words), tf.expandDims(mask, -1));
      const mean = tf.div(tf.sum(embedded, 1), tf.sum(mask, 1, true));
      const [batch, length] = frames.shape;
      const scores = tf.reshape(tf.matMul(tf.reshape(frames, [batch * length, 4]), kernel as tf.Tensor2D), [
        batch,
        length,
        3,
      ]);
      const logits = tf.add(scores, tf.expandDims(mean, 1));
      return { logits: divide ? tf.div(logits, length) : logits, words: mean };
    },
  };
}

describe('exporter onnx', () => {
  it('leaves frames and words free, under their names, and asks for lengths that are read', async () => {
    const result = await run(student(), speech, ['logits', 'words']).catch((error: unknown) => error);
    expect(String(result)).toContain('`words` is the name of an input and of an output');
    const { path, maxDifference } = await run(student(), speech);
    expect(maxDifference).toBeLessThan(1e-5);
    const bytes = await readFile(join(folder, path));
    const { graph, metadataProps } = readOnnxModel(bytes);
    const axes = graph?.input?.map(({ name, type }) => [
      name,
      ...(type?.tensorType?.shape?.dim ?? []).map(({ dimParam, dimValue }) =>
        dimParam === '' ? Number(dimValue) : dimParam,
      ),
    ]);
    expect(axes).toEqual([
      ['frames', 'batch', 'frames', 4],
      ['words', 'batch', 'words'],
      ['words.length', 'batch'],
    ]);
    const dims = graph?.output?.[0]?.type?.tensorType?.shape?.dim;
    expect(dims?.map(({ dimParam }) => dimParam)).toEqual(['batch', 'frames', '']);
    const inputs = metadataProps?.find(({ key }) => key === 'potstill.inputs')?.value;
    expect(JSON.parse(inputs ?? '')).toEqual([
      { name: 'frames', dtype: 'float32', shape: ['frames', 4] },
      { name: 'words', dtype: 'int32', shape: ['words'] },
    ]);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { logits } = await session.run({
      frames: new ort.Tensor('float32', new Float32Array(2 * 17 * 4), [2, 17, 4]),
      words: new ort.Tensor('int32', new Int32Array(2 * 3), [2, 3]),
      'words.length': new ort.Tensor('int32', Int32Array.of(3, 1), [2]),
    });
    expect(logits?.dims).toEqual([2, 17, 3]);
    await session.release();
  });

  it('refuses a student that depends on the padded length', async () => {
    await expect(run(student(true), speech)).rejects.toThrow(/free/);
  });
});
