// The teacher `onnx`: what it answers, what it is given, and every refusal.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import type { Teacher } from 'potstill';
import {
  batchOf,
  described,
  elementTypes,
  identity,
  images,
  integers,
  modelBytes,
  modelFolder,
  refusal,
  tiny,
  type Folder,
} from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

const two = described([2]);

async function openTiny(options: object = {}, bytes = tiny()): Promise<Teacher> {
  await folder.put('tiny.onnx', bytes);
  return folder.open('onnx', { model: 'tiny.onnx', ...options }, two);
}

/** relu(x * w) of models.ts. */
function scores([a, b]: readonly [number, number]): number[] {
  return [a, 2 * a + b, b - a].map((value) => Math.max(0, value));
}

describe('onnx teacher', () => {
  it('answers with the first output as logits, batch axis first', async () => {
    const teacher = await openTiny();
    expect(teacher.outputs).toEqual({ logits: { dtype: 'float32', shape: [3] } });
    const { logits } = await teacher.label(images([2, 2], [1, 2, 3, -1]));
    expect(logits?.shape).toEqual([2, 3]);
    expect([...(logits?.data ?? [])]).toEqual([...scores([1, 2]), ...scores([3, -1])]);
    await teacher.dispose();
    await teacher.dispose();
  });

  it('says how large it is: weights without the integers of shapes, bytes of the file', async () => {
    const teacher = await openTiny();
    expect(teacher.parameters).toBe(6);
    expect(teacher.bytes).toBe(tiny().length);
    await teacher.dispose();
  });

  it('answers no example with no row', async () => {
    const teacher = await openTiny();
    expect(await teacher.label(images([0, 2], []))).toEqual({
      logits: { dtype: 'float32', shape: [0, 3], data: new Float32Array(0) },
    });
    await teacher.dispose();
  });

  it('answers with inner values under the names of the recipe', async () => {
    const teacher = await openTiny({ outputs: { logits: 'scores', before: 'hidden', again: 'hidden' } });
    expect(Object.keys(teacher.outputs)).toEqual(['logits', 'before', 'again']);
    const { before, again } = await teacher.label(images([1, 2], [3, -1]));
    expect([...(before?.data ?? [])]).toEqual([3, 5, -4]);
    expect(again).toEqual(before);
    await teacher.dispose();
  });

  it('has the labels of the recipe, else those of the metadata, else none', async () => {
    const named = tiny('batch', { 'potstill.labels': '["a","b","c"]' });
    const labels = async (options: object, bytes: Uint8Array) => {
      const teacher = await openTiny(options, bytes);
      await teacher.dispose();
      return teacher.labels;
    };
    expect(await labels({}, named)).toEqual(['a', 'b', 'c']);
    expect(await labels({ labels: ['x', 'y', 'z'] }, named)).toEqual(['x', 'y', 'z']);
    expect(await labels({}, tiny())).toBeUndefined();
    const error = await refusal(labels({}, tiny('batch', { 'potstill.labels': 'a, b' })));
    expect(error.message).toContain('its metadata entry `potstill.labels` is "a, b"');
  });

  it('tells the source and the licence that the recipe gives', async () => {
    const teacher = await openTiny({ source: 'a paper', licence: 'MIT' }, tiny());
    expect(teacher).toMatchObject({ source: 'a paper', licence: 'MIT' });
    await teacher.dispose();
  });

  it('has a fingerprint of weights, outputs and numbers, and of nothing else', async () => {
    const print = async (options: object = {}, bytes = tiny()) => {
      const teacher = await openTiny(options, bytes);
      await teacher.dispose();
      return teacher.fingerprint;
    };
    const plain = await print();
    expect(await print({ source: 'here', licence: 'MIT', labels: ['a', 'b', 'c'] })).toBe(plain);
    expect(await print({ input: { scale: 1 } })).toBe(plain);
    const others = [
      await print({}, tiny('batch', {}, 2)),
      await print({ outputs: { logits: 'hidden' } }),
      await print({ outputs: { scores: 'scores' } }),
      await print({ input: { mean: 0.5 } }),
      await print({ input: { std: 2 } }),
    ];
    expect(new Set([plain, ...others]).size).toBe(6);
  });

  it.each([1, 2, 3])('keeps to a fixed batch of %i, whatever the size of the batch', async (fixed) => {
    const free = await openTiny();
    await folder.put('fixed.onnx', tiny(fixed));
    const teacher = await folder.open('onnx', { model: 'fixed.onnx' }, two);
    for (const size of [0, 1, 2, 5, 6]) {
      const batch = images([size, 2], randomStream(size).normal(2 * size));
      expect(await teacher.label(batch)).toEqual(await free.label(batch));
    }
    await teacher.dispose();
    await free.dispose();
  });

  it('goes one by one where a reshape inside has fixed a batch that is declared free', async () => {
    await folder.put(
      'baked.onnx',
      modelBytes({
        inputs: [{ name: 'x', shape: ['batch', 2, 2] }],
        outputs: [{ name: 'y', shape: ['batch', 4] }],
        nodes: [{ opType: 'Reshape', input: ['x', 'shape'], output: ['y'] }],
        weights: [integers('shape', [1, 4])],
      }),
    );
    const teacher = await folder.open('onnx', { model: 'baked.onnx' }, described([2, 2]));
    const { logits } = await teacher.label(
      images(
        [3, 2, 2],
        Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    expect(logits?.shape).toEqual([3, 4]);
    expect([...(logits?.data ?? [])]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    await teacher.dispose();
  });

  it('gives integers to a model that takes int64 or bytes, and takes int64 and float64 back', async () => {
    await folder.put('int64.onnx', identity(['batch', 'time'], elementTypes.int64));
    const words = {
      spec: { words: { dtype: 'int32', shape: [null] } },
      inputs: ['words'],
      fingerprint: 'w',
    } as const;
    const teacher = await folder.open('onnx', { model: 'int64.onnx' }, words);
    expect(teacher.outputs).toEqual({ logits: { dtype: 'int32', shape: [null] } });
    const tensor = { dtype: 'int32', shape: [2, 3], data: Int32Array.of(1, -2, 3, 4, 5, 70_000) } as const;
    const lengths = { dtype: 'int32', shape: [2], data: Int32Array.of(3, 3) };
    expect(await teacher.label(batchOf({ words: tensor }))).toEqual({
      logits: tensor,
      'logits.length': lengths,
    });
    await teacher.dispose();

    await folder.put('float64.onnx', identity(['batch', 2], elementTypes.float64));
    const double = await folder.open('onnx', { model: 'float64.onnx' }, two);
    expect((await double.label(images([1, 2], [0.5, -3]))).logits?.data).toEqual(Float32Array.of(0.5, -3));
    await double.dispose();

    const bytes = modelBytes({
      inputs: [{ name: 'x', type: elementTypes.uint8, shape: ['batch', 2] }],
      outputs: [{ name: 'y', shape: ['batch', 2] }],
      nodes: [
        {
          opType: 'Cast',
          input: ['x'],
          output: ['y'],
          attribute: [{ name: 'to', type: 2, i: elementTypes.float32 }],
        },
      ],
    });
    await folder.put('bytes.onnx', bytes);
    const data = described([2], { layout: 'flat', scale: 1 / 255, mean: [0], std: [1] });
    const raw = await folder.open('onnx', { model: 'bytes.onnx', input: { scale: 1 } }, data);
    expect((await raw.label(images([1, 2], [1, 100 / 255]))).logits?.data).toEqual(Float32Array.of(255, 100));
    await raw.dispose();
  });

  it('gives several inputs by name, the first to the one that is named', async () => {
    const bytes = modelBytes({
      inputs: [
        { name: 'mask', shape: ['batch', 2] },
        { name: 'pixels', shape: ['batch', 2] },
      ],
      outputs: [{ name: 'y', shape: ['batch', 2] }],
      nodes: [{ opType: 'Sub', input: ['pixels', 'mask'], output: ['y'] }],
    });
    await folder.put('two.onnx', bytes);
    const data = {
      spec: { image: { dtype: 'float32', shape: [2] }, mask: { dtype: 'float32', shape: [2] } },
      inputs: ['image', 'mask'],
      fingerprint: 'f',
    } as const;
    const tensors = {
      image: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(5, 6) },
      mask: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) },
    } as const;
    for (const input of [undefined, { name: 'pixels' }]) {
      const teacher = await folder.open('onnx', { model: 'two.onnx', ...(input ? { input } : {}) }, data);
      expect((await teacher.label(batchOf(tensors))).logits?.data).toEqual(Float32Array.of(4, 4));
      const error = await refusal(teacher.label(batchOf({ image: tensors.image })));
      expect(error.message).toContain('wants `mask`; the batch has image');
      await teacher.dispose();
    }
    const missing = await refusal(folder.open('onnx', { model: 'two.onnx' }, two));
    expect(missing.code).toBe('TEACHER_INVALID');
    expect(missing.message).toContain('takes `mask`, `pixels`; the data have nothing for `pixels`');
    const misnamed = await refusal(
      folder.open('onnx', { model: 'two.onnx', input: { name: 'pixel' } }, data),
    );
    expect(misnamed.message).toContain('has no input `pixel`; it has mask, pixels');
  });

  describe('refusals', () => {
    it('checks the sha256 and shows both', async () => {
      const right = createHash('sha256').update(tiny()).digest('hex');
      await (await openTiny({ sha256: right.toUpperCase() })).dispose();
      const wrong = 'ab'.repeat(32);
      const error = await refusal(openTiny({ sha256: wrong }));
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toContain(`tiny.onnx has sha256 ${right}, the recipe wants ${wrong}`);
    });

    it('says that there is no file, or that it is none of ONNX', async () => {
      const absent = await refusal(folder.open('onnx', { model: 'absent.onnx' }, two));
      expect(absent.code).toBe('TEACHER_INVALID');
      expect(absent.message).toMatch(/absent\.onnx cannot be read: ENOENT/);
      const empty = await refusal(openTiny({}, new Uint8Array(0)));
      expect(empty.message).toContain('the ONNX model is empty');
      const cut = await refusal(openTiny({}, tiny().subarray(0, 60)));
      expect(cut.code).toBe('TEACHER_INVALID');
      expect(cut.records[0].hint).toContain('SHA-256');
      const unset = await refusal(folder.open('onnx', { model: 'data:m.onnx' }, two));
      expect(unset.message).toContain('POTSTILL_DATA is not set');
    });

    it('says what ONNX Runtime has against the graph', async () => {
      const bytes = modelBytes({
        inputs: [{ name: 'x', shape: ['batch', 2] }],
        outputs: [{ name: 'y', shape: ['batch', 2] }],
        nodes: [{ opType: 'NoSuchOperator', input: ['x'], output: ['y'] }],
      });
      const error = await refusal(openTiny({}, bytes));
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toMatch(
        /^TEACHER_INVALID: ONNX Runtime cannot load the teacher .*NoSuchOperator/,
      );
    });

    it('names both shapes where the data do not fit', async () => {
      await folder.put('image.onnx', identity(['batch', 3, 32, 32]));
      const data = described([28, 28, 1], { layout: 'NHWC', scale: 1, mean: [0], std: [1] });
      const error = await refusal(folder.open('onnx', { model: 'image.onnx' }, data));
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toContain(
        "takes `x`, float32 [3, 32, 32] an example; the data's `image` is float32 [28, 28, 1] (NHWC)",
      );
      expect(error.records[0].hint).toContain('input.layout');
    });

    it("names the runtime's reason where only a run shows that the data do not fit", async () => {
      const bytes = modelBytes({
        inputs: [{ name: 'x', shape: ['batch', 'features'] }],
        outputs: [{ name: 'y', shape: ['batch', 3] }],
        nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
        weights: [{ name: 'w', dims: [5, 3], dataType: 1, rawData: new Uint8Array(60) }],
      });
      const error = await refusal(openTiny({}, bytes));
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toMatch(/cannot run on this data: .*MatMul/);
    });

    it('lists what there is where an output is unknown, all of them at once', async () => {
      const error = await refusal(openTiny({ outputs: { logits: 'score', tap: 'nothing-like-it' } }));
      expect(error.records.map(({ code }) => code)).toEqual(['TEACHER_OUTPUT', 'TEACHER_OUTPUT']);
      const [first, second] = error.records;
      expect(first.message).toContain('no output or inner value `score`, asked for as `logits`');
      expect(first.hint).toContain('did you mean `scores`?');
      expect(second?.hint).toContain("The model's outputs are `scores`");
      expect(second?.allowed).toEqual(['scores', 'hidden']);
    });

    it('refuses an output that has not one row an example', async () => {
      const bytes = modelBytes({
        inputs: [{ name: 'x', shape: ['batch', 2] }],
        outputs: [{ name: 'y', shape: [2, 'batch'] }],
        nodes: [{ opType: 'Transpose', input: ['x'], output: ['y'] }],
      });
      const error = await refusal(openTiny({}, bytes));
      expect(error.code).toBe('TEACHER_OUTPUT');
      expect(error.message).toContain('answered 1 examples with `logits` of shape [2, 1]');
    });

    it('refuses inputs of types that it cannot give', async () => {
      const texts = 8;
      const error = await refusal(openTiny({}, identity(['batch', 2], texts)));
      expect(error.code).toBe('TEACHER_INVALID');
      expect(error.message).toContain('takes `x` as string');
    });

    it('refuses means and deviations that fit no channel', async () => {
      const data = described([4, 4, 3], { layout: 'NHWC', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] });
      await folder.put('rgb.onnx', identity(['batch', 4, 4, 3]));
      const error = await refusal(folder.open('onnx', { model: 'rgb.onnx', input: { mean: [1, 2] } }, data));
      expect(error.message).toContain('`input.mean` has 2 numbers, the data has 3 channels');
    });

    it('names the field where a transform has changed its shape', async () => {
      const teacher = await openTiny();
      const error = await refusal(teacher.label(images([1, 3], [1, 2, 3])));
      expect(error.message).toContain(
        'was opened for image of float32 [2] and received examples of shape [3]',
      );
      await teacher.dispose();
    });
  });
});
