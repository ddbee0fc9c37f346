// The teacher `checkpoint`: exported students teach others.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { exportOnnx } from '@potstill/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudentTeacher, type DataDescription, type Services } from 'potstill';
import { exportMetadata } from '../../src/export/metadata.js';
import { described, images, modelFolder, refusal, tiny, type Folder } from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

const trainedOn: DataDescription = {
  ...described([2, 2, 3], { layout: 'NHWC', scale: 1 / 255, mean: [0.1, 0.2, 0.3], std: [0.5, 0.5, 0.25] }),
  labels: ['no', 'yes'],
};

/** Scores are the sum of all numbers and of the last channel's; `flat` shows what it was given. */
async function student(data: DataDescription): Promise<Uint8Array> {
  return exportOnnx({
    variables: [],
    inputs: { image: { dtype: 'float32', shape: [2, 2, 3] } },
    forward: ({ image }) => {
      const flat = tf.reshape(image as tf.Tensor, [(image as tf.Tensor).shape[0], 12]);
      const last = tf.slice(image as tf.Tensor, [0, 0, 0, 2], [-1, 2, 2, 1]);
      return { logits: tf.stack([tf.sum(flat, 1), tf.sum(last, [1, 2, 3])], 1), flat };
    },
    metadata: exportMetadata({ data, recipeName: 'r', recipeHash: 'h' } as Parameters<
      typeof exportMetadata
    >[0]),
  });
}

async function run(name: string, exports: object[]): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(join(path, 'exports'), { recursive: true });
  await writeFile(join(path, 'summary.json'), JSON.stringify({ name, exports }));
  return path;
}

const rawBytes = [0, 50, 100, 150, 200, 250, 10, 60, 110, 160, 210, 5];

function numbers({ preprocessing }: DataDescription): number[] {
  const { scale, mean, std } = preprocessing as NonNullable<DataDescription['preprocessing']>;
  return rawBytes.map((raw, i) => (raw * scale - (mean[i % 3] as number)) / (std[i % 3] as number));
}

describe('checkpoint teacher', () => {
  it('answers with all outputs of an exported file, and has its labels', async () => {
    await folder.put('student.onnx', await student(trainedOn));
    const teacher = await folder.open('checkpoint', { run: 'student.onnx' }, trainedOn);
    expect(teacher.outputs).toEqual({
      logits: { dtype: 'float32', shape: [2] },
      flat: { dtype: 'float32', shape: [12] },
    });
    expect(teacher.labels).toEqual(['no', 'yes']);
    const batch = images([1, 2, 2, 3], numbers(trainedOn));
    expect((await teacher.label(batch)).flat?.data).toEqual(batch.tensors.image?.data);
    await teacher.dispose();
  });

  it('is given the numbers and axes that it was trained on, whatever the new data', async () => {
    const path = await folder.put('student.onnx', await student(trainedOn));
    const nchw = described([3, 2, 2], { layout: 'NCHW', scale: 1, mean: [0, 1, 2], std: [1, 2, 4] });
    const teacher = await openStudentTeacher(path, nchw, { engine: { threads: 1 } } as Services);
    const planes = [0, 1, 2].flatMap((c) =>
      [0, 1, 2, 3].map((pixel) => ((rawBytes[pixel * 3 + c] as number) - c) / 2 ** c),
    );
    const { flat } = await teacher.label(images([1, 3, 2, 2], planes));
    numbers(trainedOn).forEach((value, i) => expect(flat?.data[i]).toBeCloseTo(value, 5));
    await teacher.dispose();
  });

  it('takes the folder of a finished run', async () => {
    const path = await run('done', [
      { kind: 'tfjs', path: 'exports/tfjs' },
      { kind: 'onnx', path: 'exports/student.onnx' },
    ]);
    await writeFile(join(path, 'exports', 'student.onnx'), await student(trainedOn));
    const teacher = await folder.open(
      'checkpoint',
      { run: 'done', outputs: { logits: 'logits' } },
      trainedOn,
    );
    expect(Object.keys(teacher.outputs)).toEqual(['logits']);
    const { logits } = await teacher.label(images([1, 2, 2, 3], numbers(trainedOn)));
    const given = numbers(trainedOn);
    expect(logits?.data[0]).toBeCloseTo(
      given.reduce((a, b) => a + b),
      4,
    );
    expect(logits?.data[1]).toBeCloseTo(
      given.filter((_, i) => i % 3 === 2).reduce((a, b) => a + b),
      4,
    );
    await teacher.dispose();
  });

  it('gives a student of data without preprocessing the numbers as they are', async () => {
    const plain = described([2, 2, 3]);
    await folder.put('plain.onnx', await student(plain));
    const teacher = await folder.open('checkpoint', { run: 'plain.onnx' }, trainedOn);
    const batch = images([1, 2, 2, 3], numbers(trainedOn));
    expect((await teacher.label(batch)).flat?.data).toEqual(batch.tensors.image?.data);
    await teacher.dispose();
  });

  it('names a summary that is damaged', async () => {
    await writeFile(join(await run('broken', []), 'summary.json'), '{');
    const { code, message } = await refusal(folder.open('checkpoint', { run: 'broken' }, trainedOn));
    expect(code).toBe('RUN_CHECKPOINT_DAMAGED');
    expect(message).toMatch(/summary\.json: the file is not JSON/);
  });

  it('says what is missing', async () => {
    const message = async (name: string, data = trainedOn) => {
      const error = await refusal(folder.open('checkpoint', { run: name }, data));
      expect(error.code).toBe('TEACHER_INVALID');
      return error.message;
    };
    expect(await message('nowhere')).toContain('there is no run and no file at');
    await mkdir(join(folder.path, 'begun'));
    expect(await message('begun')).toContain('holds no finished run: there is no summary.json');
    await run('tfjs-only', [{ kind: 'tfjs', path: 'exports/tfjs' }]);
    expect(await message('tfjs-only')).toContain('exported no ONNX file');
    await run('gone', [{ kind: 'onnx', path: 'exports/student.onnx' }]);
    expect(await message('gone')).toMatch(/student\.onnx cannot be read: ENOENT/);
    await folder.put('foreign.onnx', tiny());
    expect(await message('foreign.onnx')).toContain('was not exported by potstill: it has no metadata entry');
    await folder.put('odd.onnx', tiny('batch', { 'potstill.input': '{"name":3}' }));
    expect(await message('odd.onnx')).toContain('its metadata entry `potstill.input` is');
    await folder.put('student.onnx', await student(trainedOn));
    expect(await message('student.onnx', described([4, 4, 3]))).toContain(
      "takes `image`, float32 [2, 2, 3] an example; the data's `image` is float32 [4, 4, 3]",
    );
  });
});
