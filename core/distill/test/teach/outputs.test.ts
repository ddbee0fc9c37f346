// What a teacher's scores may be: probabilities, unit axes, half precision, one of several outputs.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxNode } from '@potstill/engine';
import type { DataDescription } from 'potstill';
import {
  attribute,
  described,
  elementTypes,
  images,
  integers,
  modelBytes,
  modelFolder,
  refusal,
  weight,
  type Folder,
  type ModelParts,
  type Value,
} from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

const labels = ['ant', 'bee', 'cow'];
const data: DataDescription = { ...described([2]), labels };

/** x times [[1, 2, -1], [0, 1, 1]], then `nodes` on `scores`. */
function model(
  nodes: readonly OnnxNode[],
  outputs: readonly Value[],
  more: Partial<ModelParts> = {},
): Uint8Array {
  return modelBytes({
    inputs: [{ name: 'x', shape: ['batch', 2] }],
    outputs,
    nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['scores'] }, ...nodes],
    ...more,
    weights: [weight('w', [2, 3], [1, 2, -1, 0, 1, 1]), ...(more.weights ?? [])],
  });
}

const softmax = model(
  [{ opType: 'Softmax', input: ['scores'], output: ['y'], attribute: [attribute('axis', 1)] }],
  [{ name: 'y', shape: ['batch', 3] }],
);

async function open(bytes: Uint8Array, options: object = {}, of = data) {
  await folder.put('m.onnx', bytes);
  return folder.open('onnx', { model: 'm.onnx', ...options }, of);
}

async function answer(bytes: Uint8Array, options: object = {}, values = [1, 2]): Promise<number[]> {
  const teacher = await open(bytes, options);
  const { logits } = await teacher.label(images([1, 2], values));
  await teacher.dispose();
  expect(logits?.shape).toEqual([1, teacher.outputs.logits?.shape[0]]);
  return [...(logits?.data ?? [])];
}

describe('scores of an ONNX teacher', () => {
  it('are the logarithm of probabilities where the recipe says so, 1e-12 at the least', async () => {
    const asked = { outputs: { logits: { from: 'y', as: 'probabilities' } } };
    const logs = await answer(softmax, asked);
    const norm = Math.log(Math.exp(1) + Math.exp(4) + Math.exp(1));
    [1 - norm, 4 - norm, 1 - norm].forEach((wanted, i) => expect(logs[i]).toBeCloseTo(wanted, 5));
    const far = await answer(softmax, asked, [0, 200]);
    expect(far[0]).toBeCloseTo(Math.log(1e-12), 4);
    expect(far.every(Number.isFinite)).toBe(true);
  });

  it('stay as they are where they are log-probabilities', async () => {
    const logSoftmax = model(
      [{ opType: 'LogSoftmax', input: ['scores'], output: ['y'], attribute: [attribute('axis', 1)] }],
      [{ name: 'y', shape: ['batch', 3] }],
    );
    const plain = await answer(logSoftmax);
    expect(await answer(logSoftmax, { outputs: { logits: { from: 'y', as: 'log-probabilities' } } })).toEqual(
      plain,
    );
  });

  it.each(['probabilities', 'log-probabilities'])('are refused where they are not %s', async (as) => {
    const plain = model([], [{ name: 'scores', shape: ['batch', 3] }]);
    const error = await refusal(answer(plain, { outputs: { logits: { from: 'scores', as } } }));
    expect(error.code).toBe('TEACHER_OUTPUT');
    expect(error.message).toContain(`the output \`scores\``);
    expect(error.message).toContain(`is said to be ${as}, and a row of them sums to`);
  });

  it('lose axes of length 1', async () => {
    const rank4 = model(
      [{ opType: 'Unsqueeze', input: ['scores', 'axes'], output: ['y'] }],
      [{ name: 'y', shape: ['batch', 3, 1, 1] }],
      { weights: [integers('axes', [2, 3])] },
    );
    expect(await answer(rank4)).toEqual([1, 4, 1]);
  });

  it('are read from half precision', async () => {
    const half = model(
      [
        {
          opType: 'Cast',
          input: ['scores'],
          output: ['y'],
          attribute: [attribute('to', elementTypes.float16)],
        },
      ],
      [{ name: 'y', type: elementTypes.float16, shape: ['batch', 3] }],
    );
    expect(await answer(half, {}, [1 / 3, -70000])).toEqual([0.333251953125, -Infinity, -Infinity]);
    expect(await answer(half, {}, [2 ** -24, 0])).toEqual([2 ** -24, 2 ** -23, -(2 ** -24)]);
  });
});

describe('the output that is `logits` where the recipe names none', () => {
  const featuresFirst = model(
    [{ opType: 'Concat', input: ['x', 'scores'], output: ['features'], attribute: [attribute('axis', 1)] }],
    [
      { name: 'features', shape: ['batch', 5] },
      { name: 'scores', shape: ['batch', 3] },
    ],
  );

  it('is the one with a score for each class', async () => {
    expect(await answer(featuresFirst)).toEqual([1, 4, 1]);
    const teacher = await open(featuresFirst);
    expect(teacher.sources).toEqual({ logits: { from: 'scores' } });
    await teacher.dispose();
  });

  it('is the first where the data name no classes', async () => {
    const teacher = await open(featuresFirst, {}, described([2]));
    expect(teacher.outputs.logits?.shape).toEqual([5]);
    await teacher.dispose();
  });

  it('is left to the user where several fit', async () => {
    const two = model(
      [
        { opType: 'Neg', input: ['scores'], output: ['z'] },
        { opType: 'Abs', input: ['x'], output: ['first'] },
      ],
      [
        { name: 'first', shape: ['batch', 2] },
        { name: 'scores', shape: ['batch', 3] },
        { name: 'z', shape: ['batch', 3] },
      ],
    );
    const error = await refusal(answer(two));
    expect(error.records[0].hint).toContain(
      'one of: `outputs: { logits: scores }`, `outputs: { logits: z }`',
    );
  });

  it('is found inside the graph where the outputs are labels and maps', async () => {
    const zipmap = model(
      [
        { opType: 'Softmax', input: ['scores'], output: ['probs'], attribute: [attribute('axis', 1)] },
        {
          opType: 'ArgMax',
          input: ['scores'],
          output: ['label'],
          attribute: [attribute('axis', 1), attribute('keepdims', 0)],
        },
      ],
      [{ name: 'label', type: elementTypes.int64, shape: ['batch'] }],
    );
    const error = await refusal(answer(zipmap));
    expect(error.code).toBe('TEACHER_OUTPUT');
    expect(error.message).toContain('its outputs are `label` (int64, one number an example)');
    expect(error.records[0].hint).toBe(
      'write in `teacher` one of: `outputs: { logits: scores }`, `outputs: { logits: { from: probs, as: probabilities } }`',
    );
    expect(await answer(zipmap, { outputs: { logits: 'scores' } })).toEqual([1, 4, 1]);
  });

  it('needs the names of the classes where there are more than in the data', async () => {
    const plain = model([], [{ name: 'scores', shape: ['batch', 3] }]);
    const two = { ...data, labels: ['ant', 'cow'] };
    const error = await refusal(open(plain, {}, two));
    expect(error.message).toContain('has no score for each of 2 classes');
    expect(error.records[0].hint).toContain('`labels:`');
    const teacher = await open(plain, { labels: ['background', 'ant', 'cow'] }, two);
    expect(teacher.outputs.logits?.shape).toEqual([3]);
    await teacher.dispose();
    const short = await refusal(open(plain, { labels: ['ant', 'cow'], outputs: { logits: 'scores' } }, two));
    expect(short.message).toContain('scores 3 classes, and 2 names are given for them');
  });
});

describe('whole-number inputs of an ONNX teacher', () => {
  const bytes = modelBytes({
    inputs: [{ name: 'x', type: elementTypes.uint8, shape: ['batch', 2] }],
    outputs: [{ name: 'y', shape: ['batch', 2] }],
    nodes: [
      { opType: 'Cast', input: ['x'], output: ['y'], attribute: [attribute('to', elementTypes.float32)] },
    ],
  });
  const scaled = described([2], { layout: 'flat', scale: 1 / 255, mean: [0], std: [1] });
  const given = async (options: object, of: DataDescription, values: number[]) => {
    const teacher = await open(bytes, options, of);
    try {
      return [...((await teacher.label(images([1, 2], values))).logits?.data ?? [])];
    } finally {
      await teacher.dispose();
    }
  };

  it('are refused data in 0..1, which would become 0 and 1, until the scale is stated', async () => {
    const error = await refusal(given({}, scaled, [0.2, 0.8]));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(
      "takes `x` as uint8, whole numbers; the data's `image` is scaled by 0.003922",
    );
    expect(error.records[0].hint).toContain('input: { scale: 1 }');
    expect(await given({ input: { scale: 1 } }, scaled, [51 / 255, 1])).toEqual([51, 255]);
  });

  it('are refused fractions of data whose scale is not known, and get whole numbers as they are', async () => {
    expect(await given({}, described([2]), [0, 255])).toEqual([0, 255]);
    const error = await refusal(given({}, described([2]), [0, 0.5]));
    expect(error.message).toContain('whole numbers from 0 to 255');
    expect(error.message).toContain('gives 0.5');
  });

  it('are refused what would wrap around', async () => {
    const error = await refusal(given({ input: { mean: 3, scale: 1 } }, scaled, [0, 1]));
    expect(error.message).toContain('gives -3');
    const large = await refusal(given({ input: { scale: 2 } }, scaled, [0, 1]));
    expect(large.message).toContain('gives 510');
  });
});
