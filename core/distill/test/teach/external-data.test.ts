// Weights beside the model: read, hashed, counted, and never from outside the model's folder.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnnxTensor } from '@potstill/engine';
import { described, images, modelBytes, modelFolder, refusal, tiny, type Folder } from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

/** The weights of `tiny`, 8 bytes into their file. */
const bytes = (factor = 1) =>
  new Uint8Array(Float32Array.of(9, 9, ...[1, 2, -1, 0, 1, 1].map((value) => value * factor)).buffer);

function external(location: string, length = 24): OnnxTensor {
  return {
    name: 'w',
    dims: [2, 3],
    dataType: 1,
    dataLocation: 1,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: '8' },
      { key: 'length', value: String(length) },
    ],
  };
}

function model(tensor: OnnxTensor, constant = false): Uint8Array {
  const node = { opType: 'Constant', output: ['w'], attribute: [{ name: 'value', type: 4, t: tensor }] };
  return modelBytes({
    inputs: [{ name: 'x', shape: ['batch', 2] }],
    outputs: [{ name: 'scores', shape: ['batch', 3] }],
    nodes: [
      ...(constant ? [node] : []),
      { opType: 'MatMul', input: ['x', 'w'], output: ['hidden'] },
      { opType: 'Relu', input: ['hidden'], output: ['scores'] },
    ],
    weights: constant ? [] : [tensor],
  });
}

async function open(options: object = {}) {
  return folder.open('onnx', { model: 'm.onnx', ...options }, described([2]));
}

describe('weights in a second file', () => {
  it.each([
    ['an initializer', false],
    ['a Constant node', true],
  ])('are read and counted where they belong to %s, and taps work', async (_what, constant) => {
    await folder.put('w.bin', bytes());
    await folder.put('m.onnx', model(external('w.bin'), constant));
    await folder.put('whole.onnx', tiny());
    const asked = { outputs: { logits: 'scores', tap: 'hidden' } };
    const teacher = await open(asked);
    const whole = await folder.open('onnx', { model: 'whole.onnx', ...asked }, described([2]));
    const batch = images([2, 2], [1, 2, 3, -1]);
    expect(await teacher.label(batch)).toEqual(await whole.label(batch));
    expect(teacher.parameters).toBe(6);
    expect(teacher.bytes).toBe(model(external('w.bin'), constant).length + bytes().length);
    await whole.dispose();
    await teacher.dispose();
  });

  it('change the fingerprint, which the model alone does not tell', async () => {
    await folder.put('m.onnx', model(external('w.bin')));
    const print = async (factor: number) => {
      await folder.put('w.bin', bytes(factor));
      const teacher = await open();
      await teacher.dispose();
      return teacher.fingerprint;
    };
    expect(await print(2)).not.toBe(await print(1));
    expect(await print(1)).toBe(await print(1));
  });

  it('may lie in a folder below', async () => {
    await mkdir(join(folder.path, 'parts'), { recursive: true });
    await folder.put('parts/w.bin', bytes());
    await folder.put('m.onnx', model(external('parts/w.bin')));
    await (await open()).dispose();
  });

  it('are named where the file is missing or too short', async () => {
    await folder.put('m.onnx', model(external('gone.bin')));
    const missing = await refusal(open());
    expect(missing.code).toBe('TEACHER_INVALID');
    expect(missing.message).toContain(
      `keeps weights in ${join(folder.path, 'gone.bin')}, which cannot be read`,
    );
    await folder.put('short.bin', bytes().subarray(0, 20));
    await folder.put('m.onnx', model(external('short.bin')));
    expect((await refusal(open())).message).toContain('needs 32 bytes of `short.bin`, which has 20');
  });

  it.each(['../outside.bin', 'parts/../../outside.bin', '/etc/hostname', 'C:\\weights.bin', '..'])(
    'are not read from %s',
    async (location) => {
      await writeFile(join(folder.path, '..', 'outside.bin'), bytes());
      await folder.put('m.onnx', model(external(location)));
      const error = await refusal(open());
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toContain('which is not in its folder');
      await rm(join(folder.path, '..', 'outside.bin'), { force: true });
    },
  );
});

describe('weights in Constant nodes', () => {
  it('are counted, single numbers and integers are not', async () => {
    const t = { ...external(''), dataLocation: 0, externalData: [], rawData: bytes().subarray(8) };
    await folder.put('m.onnx', model(t, true));
    const teacher = await open();
    expect(teacher.parameters).toBe(6);
    await teacher.dispose();
  });
});
