// Stateful ONNX models: outputs fed back as inputs, over sequences of different lengths; silero-vad against its Python loop.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataDescription, HostTensor } from 'potstill';
import { stack } from 'potstill';
import silero from '../../../../test/golden/silero.json' with { type: 'json' };
import {
  attribute,
  batchOf,
  elementTypes,
  integers,
  modelBytes,
  modelFolder,
  refusal,
  type Folder,
} from './models.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder(dataFolder);
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

/** y = sum of the chunk with its context, plus the state; the state is y. State [1, batch, 1]. */
const summing = modelBytes({
  inputs: [
    { name: 'x', shape: ['batch', 'samples'] },
    { name: 'state', shape: [1, 'batch', 1] },
    { name: 'rate', type: elementTypes.int64, shape: [] },
  ],
  outputs: [
    { name: 'y', shape: ['batch', 1] },
    { name: 'next', shape: [1, 'batch', 1] },
    { name: 'rateSeen', type: elementTypes.int64, shape: ['batch'] },
  ],
  nodes: [
    { opType: 'ReduceSum', input: ['x', 'one'], output: ['sum'] },
    { opType: 'Squeeze', input: ['state', 'zero'], output: ['before'] },
    { opType: 'Add', input: ['sum', 'before'], output: ['y'] },
    { opType: 'Unsqueeze', input: ['y', 'zero'], output: ['next'] },
    { opType: 'Squeeze', input: ['sum', 'one'], output: ['flat'] },
    { opType: 'Cast', input: ['flat'], output: ['whole'], attribute: [attribute('to', elementTypes.int64)] },
    { opType: 'Mul', input: ['whole', 'zero'], output: ['nothing'] },
    { opType: 'Add', input: ['nothing', 'rate'], output: ['rateSeen'] },
  ],
  weights: [integers('one', [1]), integers('zero', [0])],
});

const sound: DataDescription = {
  spec: { samples: { dtype: 'float32', shape: [null] } },
  inputs: ['samples'],
  fingerprint: 's',
};
const recurrent = { chunk: 2, context: 1, state: { state: 'next' } };
const inputs = { rate: { value: 16_000 } };

function recordings(...values: (readonly number[] | Float32Array)[]) {
  return stack(
    values.map((each) => ({
      samples: { dtype: 'float32', shape: [each.length], data: Float32Array.from(each) } as const,
    })),
    sound.spec,
    values.map((_, i) => i),
    { name: 'test' },
  );
}

const numbers = (tensor: HostTensor | undefined) => Array.from(tensor?.data ?? []);

describe('a recurrent ONNX teacher', () => {
  const open = async (options: object = {}, data = sound) => {
    await folder.put('summing.onnx', summing);
    return folder.open('onnx', { model: 'summing.onnx', recurrent, inputs, ...options }, data);
  };

  it('goes through each sequence with its state and what came before, and gives lengths', async () => {
    const teacher = await open({ outputs: { logits: 'y', rate: 'rateSeen' } });
    expect(teacher.outputs).toEqual({
      logits: { dtype: 'float32', shape: [null, 1] },
      rate: { dtype: 'int32', shape: [null] },
    });
    const answers = await teacher.label(recordings([1, 2, 3, 4, 5], [10, 20]));
    expect(answers.logits?.shape).toEqual([2, 3, 1]);
    // 1+2; 2+3+4 more; 4+5 more. The short one ends after a chunk.
    expect(numbers(answers.logits)).toEqual([3, 12, 21, 30, 0, 0]);
    expect(numbers(answers['logits.length'])).toEqual([3, 1]);
    expect(numbers(answers.rate)).toEqual([16_000, 16_000, 16_000, 16_000, 0, 0]);
    await teacher.dispose();
  });

  it('answers with fixed lengths where all sequences are as long', async () => {
    const fixed: DataDescription = { ...sound, spec: { samples: { dtype: 'float32', shape: [4] } } };
    const teacher = await open({ outputs: { logits: 'y' } }, fixed);
    expect(teacher.outputs.logits?.shape).toEqual([2, 1]);
    const x = { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) } as const;
    expect(await teacher.label(batchOf({ samples: x }))).toEqual({
      logits: { dtype: 'float32', shape: [1, 2, 1], data: Float32Array.of(3, 12) },
    });
    await teacher.dispose();
  });

  it('has a fingerprint of how it goes through the sequence', async () => {
    const print = async (options: object) => {
      const teacher = await open(options);
      await teacher.dispose();
      return teacher.fingerprint;
    };
    const prints = [
      await print({}),
      await print({ recurrent: { ...recurrent, chunk: 3 } }),
      await print({ recurrent: { ...recurrent, context: 0 } }),
      await print({ inputs: { rate: { value: 8000 } } }),
    ];
    expect(new Set(prints).size).toBe(4);
  });

  it.each([
    [{ recurrent: { ...recurrent, state: { stat: 'next' } } }, 'has no input `stat`; it has x, state, rate'],
    [{ recurrent: { ...recurrent, state: { state: 'nxt' } } }, 'has no output `nxt` for the state `state`'],
    [{ inputs: {} }, 'the data have nothing for `rate`'],
    [{ inputs: { rates: 'samples' } }, 'has no input `rates`; it has x, rate'],
  ])('refuses %j', async (options, words) => {
    const error = await refusal(open(options));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(words);
  });
});

/** 16-bit mono, as both collections are. */
async function readWav(path: string): Promise<Float32Array> {
  const bytes = await readFile(join(dataFolder as string, path));
  const at = bytes.indexOf('data');
  const size = bytes.readUInt32LE(at + 4);
  return Float32Array.from({ length: size / 2 }, (_, i) => bytes.readInt16LE(at + 8 + 2 * i) / 32_768);
}

describe.skipIf(!dataFolder)('silero-vad', () => {
  it.each([
    [16_000, { chunk: 512, context: 64 }],
    [8000, { chunk: 256, context: 32 }],
  ])('hears speech at %i Hz frame by frame as its Python loop does', async (rate, size) => {
    const wanted = silero.recordings.filter((each) => each.rate === rate);
    expect(wanted.length).toBeGreaterThan(0);
    const teacher = await folder.open(
      'onnx',
      {
        model: 'data:models/silero-vad/silero_vad.onnx',
        inputs: { sr: { value: rate } },
        recurrent: { ...size, state: { state: 'stateN' } },
        outputs: { logits: { from: 'output', as: 'sigmoid' } },
      },
      sound,
    );
    const samples = await Promise.all(wanted.map(({ path }) => readWav(path)));
    const answers = await teacher.label(recordings(...samples));
    await teacher.dispose();
    const longest = answers.logits?.shape[1] ?? 0;
    wanted.forEach(({ speech, samples: count }, row) => {
      expect(samples[row]?.length).toBe(count);
      expect(answers['logits.length']?.data[row]).toBe(speech.length);
      speech.forEach((probability, frame) => {
        const score = answers.logits?.data[row * longest + frame] ?? NaN;
        expect(1 / (1 + Math.exp(-score))).toBeCloseTo(probability, 4);
      });
    });
  });
});
