// The teacher `transformers` on a published sentence encoder, against Python; and where models are looked for.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@potstill/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stack, teacherComponents, type DataDescription, type Teacher } from 'potstill';
import { makeComponent } from 'potstill/testing';
import minilm from '../../../../test/golden/minilm.json' with { type: 'json' };
import { modelFolder, onnxFile } from '../../src/teach/transformers/folder.js';
import { keptPositions, readTokenizer } from '../../src/teach/transformers/tokens.js';
import { refusal } from './models.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

const data: DataDescription = {
  spec: {
    text: { dtype: 'int32', shape: [null] },
    other: { dtype: 'int32', shape: [null] },
    x: { dtype: 'float32', shape: [3] },
  },
  inputs: ['text'],
  fingerprint: 'd',
};

const bytes = (text: string) => {
  const found = Int32Array.from(Buffer.from(text, 'utf8'));
  return { dtype: 'int32', shape: [found.length], data: found } as const;
};

function texts(...all: readonly string[]) {
  return stack(
    all.map((text) => ({ text: bytes(text) })),
    { text: { dtype: 'int32', shape: [null] } },
    all.map((_, i) => i),
    { name: 'test' },
  );
}

const component = teacherComponents.find(({ name }) => name === 'transformers');
function open(options: Record<string, unknown>, of = data): Promise<Teacher> {
  if (!component) throw new Error('no teacher `transformers`');
  const services = { engine: { threads: 1 } as Engine };
  return makeComponent(
    'teacher',
    component,
    { data: of },
    { options: { model: 'data:models/all-MiniLM-L6-v2', ...options }, services },
  );
}

describe('tokens that are left of a text that is too long', () => {
  it('are the special ones and the beginning; of a pair the longer is cut first', () => {
    expect(keptPositions([9, 1, 2, 3, 8], [[1, 2, 3]], 4)).toEqual([0, 1, 2, 4]);
    const pair = [9, 1, 2, 3, 8, 4, 5, 8];
    expect(
      keptPositions(
        pair,
        [
          [1, 2, 3],
          [4, 5],
        ],
        7,
      ),
    ).toEqual([0, 1, 2, 4, 5, 6, 7]);
    // Of texts of the same length the first.
    expect(
      keptPositions(
        pair,
        [
          [1, 2, 3],
          [4, 5],
        ],
        6,
      ),
    ).toEqual([0, 1, 4, 5, 6, 7]);
    expect(() => keptPositions([9, 1, 8], [[1]], 1)).toThrow('1 tokens do not hold the 2 special ones');
  });
});

describe.skipIf(!dataFolder)('all-MiniLM-L6-v2', () => {
  it('has the tokens of the Python library, whole and cut', async () => {
    const tokenizer = await readTokenizer(join(dataFolder as string, 'models/all-MiniLM-L6-v2'));
    expect(tokenizer.longest).toBe(512);
    for (const { text, ids, cut } of minilm.texts) {
      expect(tokenizer.encode([text], undefined).ids).toEqual(ids);
      expect(tokenizer.encode([text], minilm.limit).ids).toEqual(cut);
    }
    for (const { a, b, ids, types } of minilm.pairs)
      expect(tokenizer.encode([a, b], minilm.limit)).toEqual({ ids, types });
  });

  it('gives the vectors of the Python library, in a batch of texts of different lengths', async () => {
    const teacher = await open({
      outputs: {
        embedding: { from: 'last_hidden_state', pool: 'mean', normalize: true },
        first: { from: 'last_hidden_state', pool: 'first' },
        hidden: 'last_hidden_state',
      },
    });
    expect(teacher.outputs).toEqual({
      embedding: { dtype: 'float32', shape: [384] },
      first: { dtype: 'float32', shape: [384] },
      hidden: { dtype: 'float32', shape: [null, 384] },
    });
    expect(teacher.parameters).toBeGreaterThan(22_000_000);
    const answers = await teacher.label(texts(...minilm.texts.map(({ text }) => text)));
    await teacher.dispose();
    expect([...(answers['hidden.length']?.data ?? [])]).toEqual(minilm.texts.map(({ ids }) => ids.length));
    expect(Object.keys(answers).sort()).toEqual(['embedding', 'first', 'hidden', 'hidden.length']);
    minilm.texts.forEach(({ mean, first }, row) => {
      mean.forEach((value, k) => expect(answers.embedding?.data[384 * row + k]).toBeCloseTo(value, 3));
      first.forEach((value, k) => expect(answers.first?.data[384 * row + k]).toBeCloseTo(value, 2));
    });
  });

  it('gives the mean of its hidden states where no outputs are named', async () => {
    const teacher = await open({ maxLength: 8 });
    expect(teacher.outputs).toEqual({ embedding: { dtype: 'float32', shape: [384] } });
    const { embedding } = await teacher.label(texts('a b c d e f', 'a b c d e f g h i j'));
    await teacher.dispose();
    // Both are cut to the same eight tokens.
    expect(embedding?.data.subarray(0, 384)).toEqual(embedding?.data.subarray(384));
  });

  it('gives attentions from within, zero beyond each text', async () => {
    const teacher = await open({ outputs: { attention: '/Softmax_output_0' } });
    expect(teacher.outputs.attention?.shape).toEqual([12, null, null]);
    const answers = await teacher.label(texts('a b c', 'a'));
    await teacher.dispose();
    expect(answers.attention?.shape).toEqual([2, 12, 5, 5]);
    expect([...(answers['attention.length']?.data ?? [])]).toEqual([5, 5, 3, 3]);
    const rows = answers.attention?.data ?? [];
    const sum = (text: number, row: number) =>
      [0, 1, 2, 3, 4].reduce((all, k) => all + (rows[text * 300 + 5 * row + k] ?? NaN), 0);
    expect([sum(0, 0), sum(0, 4), sum(1, 2), sum(1, 3)].map((each) => Math.round(each * 100) / 100)).toEqual([
      1, 1, 1, 0,
    ]);
  });

  it('has a fingerprint of the model, the text, its length and how it is pooled', async () => {
    const from = 'last_hidden_state';
    const prints: string[] = [];
    for (const options of [
      {},
      { maxLength: 8 },
      { text: 'other' },
      { text: ['text', 'other'] },
      { outputs: { embedding: { from, pool: 'max' } } },
      { outputs: { embedding: { from, pool: 'mean', normalize: true } } },
    ]) {
      const teacher = await open(options);
      prints.push(teacher.fingerprint);
      await teacher.dispose();
    }
    expect(new Set(prints).size).toBe(prints.length);
  });

  it.each([
    [{ text: 'x' }, 'is float32 [3], not a text', 'teacher.text'],
    [{ text: 'none' }, 'the data have no field `none`', 'teacher.text'],
    [{ dtype: 'q8' }, 'has no model_quantized.onnx (`dtype: q8`); it has fp16', 'teacher.model'],
    [{ model: 'data:models/silero-vad' }, 'has no ONNX file of a transformers model', 'teacher.model'],
  ])('is refused %j', async (options, words, path) => {
    const error = await refusal(open(options));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(words);
    expect(error.records[0].path).toBe(path);
  });
});

describe('the folder of a transformers model', () => {
  let home: string;
  const paths = () => ({ recipeFolder: home, dataFolder: undefined });
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'potstill-hub-'));
    const cached = join(home, 'hub', 'models--acme--tiny');
    for (const snapshot of ['old', 'new'])
      await mkdir(join(cached, 'snapshots', snapshot), { recursive: true });
    await mkdir(join(cached, 'refs'));
    await writeFile(join(cached, 'refs', 'main'), 'new\n');
    await mkdir(join(home, 'local', 'onnx'), { recursive: true });
    for (const name of ['model_fp16.onnx', 'model_quantized.onnx'])
      await writeFile(join(home, 'local', 'onnx', name), '');
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('is a folder beside the recipe, or the snapshot of the hub’s cache that `main` names', async () => {
    expect(await modelFolder('./local', paths(), {})).toBe(join(home, 'local'));
    const expected = join(home, 'hub', 'models--acme--tiny', 'snapshots', 'new');
    expect(await modelFolder('acme/tiny', paths(), { HF_HOME: home })).toBe(expected);
    expect(await modelFolder('acme/tiny', paths(), { HF_HUB_CACHE: join(home, 'hub') })).toBe(expected);
  });

  it('is not downloaded: the error says where it was looked for', async () => {
    const error = await refusal(modelFolder('acme/other', paths(), { HF_HOME: home }));
    expect(error.message).toContain(join(home, 'hub', 'models--acme--other'));
    expect(error.records[0].hint).toContain('hf download acme/other');
    const local = await refusal(modelFolder('./none', paths(), {}));
    expect(local.message).toContain(`there is no model folder ${join(home, 'none')}`);
  });

  it('may hold several ONNX files, of which one is named', async () => {
    const folder = join(home, 'local');
    expect(await onnxFile(folder, 'q8')).toBe(join(folder, 'onnx', 'model_quantized.onnx'));
    const error = await refusal(onnxFile(folder, undefined));
    expect(error.message).toContain('say which, `dtype: fp16` or `dtype: q8`');
  });
});
