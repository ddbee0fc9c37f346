// What the inputs of an ONNX teacher are given: masks, lengths, values, fields by name, colours in another order.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stack, type DataDescription } from 'potstill';
import {
  attribute,
  described,
  elementTypes,
  identity,
  images,
  modelBytes,
  modelFolder,
  refusal,
  type Axis,
  type Folder,
} from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

const words: DataDescription = {
  spec: { ids: { dtype: 'int32', shape: [null] }, group: { dtype: 'int32', shape: [] } },
  inputs: ['ids'],
  fingerprint: 'w',
};

function sentences(...values: number[][]) {
  return stack(
    values.map((each, i) => ({
      ids: { dtype: 'int32', shape: [each.length], data: Int32Array.from(each) } as const,
      group: { dtype: 'int32', shape: [], data: Int32Array.of(i + 5) } as const,
    })),
    words.spec,
    values.map((_, i) => i),
    { name: 'test' },
  );
}

/** y = ids + 1 (so that padding is not zero), and the second input as it comes. */
function beside(name: string, type: number, shape: readonly Axis[]) {
  return modelBytes({
    inputs: [
      { name: 'ids', type: elementTypes.int64, shape: ['batch', 'length'] },
      { name, type, shape },
    ],
    outputs: [
      { name: 'y', type: elementTypes.int64, shape: ['batch', 'length'] },
      { name: 'second', type, shape },
    ],
    nodes: [
      { opType: 'Sign', input: ['ids'], output: ['sign'] },
      { opType: 'Add', input: ['ids', 'sign'], output: ['y'] },
      { opType: 'Identity', input: [name], output: ['second'] },
    ],
  });
}

describe('an input of an ONNX teacher', () => {
  it.each([
    ['a mask', { mask: 'ids' }, elementTypes.int64, ['batch', 'length'], [1, 1, 1, 1, 0, 0]],
    ['a mask of floats', { mask: 'ids' }, elementTypes.float32, ['batch', 'length'], [1, 1, 1, 1, 0, 0]],
    ['lengths', { length: 'ids' }, elementTypes.int32, ['batch'], [3, 1]],
    ['lengths with an axis', { length: 'ids' }, elementTypes.int64, ['batch', 1], [3, 1]],
    ['zeros', { value: 0, like: 'ids' }, elementTypes.int64, ['batch', 'length'], [0, 0, 0, 0, 0, 0]],
    ['a value an example', { value: [0.5, 2] }, elementTypes.float32, ['batch', 2], [0.5, 2, 0.5, 2]],
    ['a field', 'group', elementTypes.int64, ['batch'], [5, 6]],
    ['a scaled field', { field: 'group', scale: 2 }, elementTypes.float16, ['batch'], [10, 12]],
  ] as const)('is given %s', async (_, request, type, shape, wanted) => {
    await folder.put('beside.onnx', beside('other', type, shape));
    const options = { model: 'beside.onnx', inputs: { other: request }, outputs: { logits: 'second' } };
    const teacher = await folder.open('onnx', options, words);
    const { logits } = await teacher.label(sentences([1, 2, 3], [4]));
    await teacher.dispose();
    expect([...(logits?.data ?? [])]).toEqual(wanted);
  });

  it('may have two varying fields: then no lengths are given, and padding stays', async () => {
    const two = { ...words, spec: { ...words.spec, more: { dtype: 'int32', shape: [null] } } } as const;
    await folder.put('beside.onnx', beside('more', elementTypes.int64, ['batch', 'width']));
    const options = { model: 'beside.onnx', inputs: { more: 'more' }, outputs: { logits: 'y' } };
    const teacher = await folder.open('onnx', options, two);
    const { tensors, ...batch } = sentences([1, 2, 3], [4]);
    const more = tensors.ids;
    const answers = await teacher.label({ ...batch, tensors: { ...tensors, ...(more ? { more } : {}) } });
    await teacher.dispose();
    expect(Object.keys(answers)).toEqual(['logits']);
  });

  it.each([
    [{ other: { mask: 'idz' } }, 'the data have no field `idz` for `other`'],
    [{ other: 'idz' }, 'the data have no field `idz` for `other`'],
    [{ other: { value: 0 } }, 'one value does not tell its shape'],
    [{ others: 'ids' }, 'has no input `others`; it has ids, other'],
  ])('is refused %j', async (inputs, message) => {
    await folder.put('beside.onnx', beside('other', elementTypes.int64, ['batch', 'length']));
    const error = await refusal(folder.open('onnx', { model: 'beside.onnx', inputs }, words));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(message);
    expect(error.records[0].path).toBe('.inputs');
  });

  it('is refused a number of values that is not its own', async () => {
    await folder.put('beside.onnx', beside('other', elementTypes.float32, ['batch', 2]));
    const inputs = { other: { value: [1, 2, 3] } };
    const error = await refusal(folder.open('onnx', { model: 'beside.onnx', inputs }, words));
    expect(error.message).toContain('takes `other`, [2], and the recipe gives 3 numbers');
  });
});

describe('the lengths of what an ONNX teacher answers', () => {
  it('are measured where the model shortens the sequence, and what lies beyond is zero', async () => {
    const halving = modelBytes({
      inputs: [{ name: 'frames', shape: ['batch', 2, 'time'] }],
      outputs: [{ name: 'y', shape: ['batch', 2, 'short'] }],
      nodes: [
        {
          opType: 'MaxPool',
          input: ['frames'],
          output: ['pooled'],
          attribute: [attribute('kernel_shape', [2]), attribute('strides', [2]), attribute('ceil_mode', 1)],
        },
        { opType: 'Exp', input: ['pooled'], output: ['y'] },
      ],
    });
    await folder.put('halving.onnx', halving);
    const data: DataDescription = {
      spec: { frames: { dtype: 'float32', shape: [2, null] } },
      inputs: ['frames'],
      fingerprint: 'f',
    };
    const teacher = await folder.open('onnx', { model: 'halving.onnx', outputs: { hidden: 'y' } }, data);
    expect(teacher.outputs.hidden?.shape).toEqual([2, null]);
    const frames = (length: number) =>
      ({ dtype: 'float32', shape: [2, length], data: new Float32Array(2 * length) }) as const;
    const batch = stack(
      [{ frames: frames(5) }, { frames: frames(2) }, { frames: frames(1) }],
      data.spec,
      [0, 1, 2],
      { name: 'test' },
    );
    const answers = await teacher.label(batch);
    await teacher.dispose();
    expect([...(answers['hidden.length']?.data ?? [])]).toEqual([3, 1, 1]);
    expect([...(answers.hidden?.data ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]);
  });
});

describe('the element types of ONNX Runtime', () => {
  const types = { ...elementTypes, int8: 3, uint16: 4, int16: 5, bool: 9, uint32: 12, uint64: 13 };
  it.each(Object.entries(types))('%s goes in and comes out', async (name, type) => {
    await folder.put('type.onnx', identity(['batch', 3], type));
    const teacher = await folder.open('onnx', { model: 'type.onnx' }, described([3]));
    const { logits } = await teacher.label(images([1, 3], [0, 1, 100]));
    await teacher.dispose();
    expect(logits?.dtype).toBe(name === 'bool' ? 'bool' : name.startsWith('float') ? 'float32' : 'int32');
    expect([...(logits?.data ?? [])]).toEqual(name === 'bool' ? [0, 1, 1] : [0, 1, 100]);
  });

  it('float16 is the nearest half', async () => {
    await folder.put('type.onnx', identity(['batch', 3], types.float16));
    const teacher = await folder.open('onnx', { model: 'type.onnx' }, described([3]));
    const { logits } = await teacher.label(images([1, 3], [1 / 3, -70_000, 2 ** -24]));
    await teacher.dispose();
    expect([...(logits?.data ?? [])]).toEqual([0.333251953125, -Infinity, 2 ** -24]);
  });

  it.each([
    ['int16', types.int16, 40_000],
    ['uint32', types.uint32, -1],
  ])('%s is refused what it cannot hold', async (name, type, value) => {
    await folder.put('type.onnx', identity(['batch', 1], type));
    const teacher = await folder.open('onnx', { model: 'type.onnx' }, described([1]));
    const error = await refusal(teacher.label(images([1, 1], [value])));
    await teacher.dispose();
    expect(error.message).toContain(`takes \`x\` as ${name}, whole numbers`);
  });
});

describe('colours in the order BGR', () => {
  const rgb = { layout: 'NHWC', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  it.each([
    ['NHWC', [1, 1, 2, 3], [1, 2, 3, 4, 5, 6], [3, 2, 1, 6, 5, 4]],
    ['NCHW', [1, 3, 1, 2], [1, 4, 2, 5, 3, 6], [3, 6, 2, 5, 1, 4]],
    ['flat', [1, 6], [1, 2, 3, 4, 5, 6], [3, 2, 1, 6, 5, 4]],
  ] as const)('are given of %s data', async (layout, shape, values, wanted) => {
    await folder.put('bgr.onnx', identity(['batch', ...shape.slice(1)]));
    const options = { model: 'bgr.onnx', input: { channels: 'BGR', layout } };
    const teacher = await folder.open('onnx', options, described(shape.slice(1), { ...rgb, layout }));
    const { logits } = await teacher.label(images(shape, values));
    await teacher.dispose();
    expect([...(logits?.data ?? [])]).toEqual(wanted);
  });

  it('have the means and deviations of the model in its own order', async () => {
    await folder.put('bgr.onnx', identity(['batch', 3, 1, 1]));
    const input = { channels: 'BGR', mean: [3, 2, 1], std: [1, 1, 2] };
    const teacher = await folder.open('onnx', { model: 'bgr.onnx', input }, described([1, 1, 3], rgb));
    const { logits } = await teacher.label(images([1, 1, 1, 3], [11, 12, 13]));
    await teacher.dispose();
    expect([...(logits?.data ?? [])]).toEqual([10, 10, 5]);
  });

  it('are refused of images of another number of channels', async () => {
    await folder.put('bgr.onnx', identity(['batch', 1, 2, 2]));
    const error = await refusal(
      folder.open('onnx', { model: 'bgr.onnx', input: { channels: 'BGR' } }, described([2, 2, 1])),
    );
    expect(error.message).toContain('has 1 channel');
  });
});
