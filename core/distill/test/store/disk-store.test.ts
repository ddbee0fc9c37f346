// The teacher store on disk: what is kept is not asked again, and reads as it was answered.
import { cp, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, HostTensors } from '../../src/contracts/index.js';
import { DiskAnswers, type DiskAnswersOptions } from '../../src/store/disk-answers.js';
import type { Encoding } from '../../src/store/encoding.js';
import { StoreResources } from '../../src/store/shared.js';
import { fromHalf, toHalf } from '../../src/data/float16.js';

const key = 'ab'.padEnd(64, '0');
const size = 600;
const classes = 5;
let folder: string;
let asked: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-store-'));
  asked = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const logit = (index: number, c: number): number => Math.fround(Math.sin(index * 7 + c) * 4);

const batchOf = (...indices: number[]): Batch => ({ size: indices.length, tensors: {}, indices });
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** A teacher of logits [5], an int32 choice, and frames of 1 to 3 rows of 2. */
async function ask(batch: Batch, outputs: readonly string[]): Promise<HostTensors> {
  asked.push(...batch.indices);
  const longest = Math.max(...batch.indices.map((index) => 1 + (index % 3)));
  const all: HostTensors = {
    logits: {
      dtype: 'float32',
      shape: [batch.size, classes],
      data: Float32Array.from(batch.indices.flatMap((i) => range(0, classes).map((c) => logit(i, c)))),
    },
    choice: { dtype: 'int32', shape: [batch.size], data: Int32Array.from(batch.indices) },
    frames: {
      dtype: 'float32',
      shape: [batch.size, longest, 2],
      data: Float32Array.from(
        batch.indices.flatMap((i) => range(0, longest).flatMap((t) => (t <= i % 3 ? [i, t] : [0, 0]))),
      ),
    },
    'frames.length': {
      dtype: 'int32',
      shape: [batch.size],
      data: Int32Array.from(batch.indices, (i) => 1 + (i % 3)),
    },
  };
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => outputs.includes(name.replace('.length', ''))),
  );
}

const outputs: DiskAnswersOptions['outputs'] = {
  logits: { dtype: 'float32', shape: [classes] },
  choice: { dtype: 'int32', shape: [] },
  frames: { dtype: 'float32', shape: [null, 2] },
};

interface Given extends Partial<DiskAnswersOptions> {
  readonly memory?: number;
  readonly encoding?: Encoding;
}

const open = ({ memory = 2 ** 28, encoding = 'float32', ...given }: Given = {}) =>
  DiskAnswers.open({
    folder,
    key,
    ask,
    outputs,
    size,
    encodingOf: () => encoding,
    about: { recipe: 'tiny', teacher: 'function', data: 'numbers' },
    resources: new StoreResources(memory),
    onDamaged: () => undefined,
    ...given,
  });

async function label(answers: DiskAnswers): Promise<void> {
  for (let from = 0; from < size; from += 100) await answers.read(batchOf(...range(from, from + 100)));
}

const folderOf = (output: string, encoding = 'float32') =>
  join(folder, key.slice(0, 2), key, output, encoding);

async function files(output: string): Promise<string[]> {
  const path = folderOf(output);
  return (await readdir(path)).filter((name) => name.endsWith('.arrow')).map((name) => join(path, name));
}

describe('a teacher store on disk', () => {
  it.each([
    ['in memory', 2 ** 28],
    ['from the file', 0],
  ])(
    'gives back what the teacher answered, ragged outputs too, without asking again: %s',
    async (_, memory) => {
      const first = await open();
      await label(first);
      await first.close();
      asked = [];
      const answers = await open({ memory });
      const batch = batchOf(599, 3, 256, 3, 0, 257);
      expect(await answers.read(batch)).toEqual(await ask(batch, Object.keys(outputs)));
      await answers.close();
      expect(asked).toEqual(batch.indices);
      expect(await answers.missing(0, 0)).toEqual([]);
    },
  );

  it('asks about what is not kept, each example once, and for the outputs that lack alone', async () => {
    const few = await open({ outputs: { choice: { dtype: 'int32', shape: [] } } });
    await label(few);
    await few.close();
    asked = [];
    const answers = await open();
    await answers.read(batchOf(1, 2, 2));
    await answers.read(batchOf(2, 3));
    expect(asked).toEqual([1, 2, 3]);
    expect(await answers.missing(0, 5)).toEqual([0, 4]);
    await answers.close();
  });

  it('loses at most the shard that was being filled', async () => {
    const answers = await open();
    for (let from = 0; from < 500; from += 100) await answers.read(batchOf(...range(from, from + 100)));
    await answers.close();
    const again = await open();
    expect(again.block).toBe(256);
    expect(await again.missing(0, size)).toEqual(range(256, 600));
    await again.close();
  });

  it.each([
    [
      'a flipped bit',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
        await writeFile(path, bytes);
      },
    ],
    ['a cut', (path: string) => truncate(path, 100)],
    ['nothing', (path: string) => truncate(path, 0)],
  ])('names a shard that holds %s, and makes it again with the same bytes', async (_, damage) => {
    const first = await open();
    await label(first);
    await first.close();
    const [path = ''] = await files('logits');
    const whole = await readFile(path);
    await damage(path);
    const told: string[] = [];
    const answers = await open({ onDamaged: (file) => told.push(file) });
    await label(answers);
    await answers.close();
    expect(told).toEqual([path]);
    expect(await readFile(path)).toEqual(whole);
  });

  it('writes a damaged manifest again, and keeps the shards: they say themselves what they are', async () => {
    const first = await open();
    await label(first);
    await first.close();
    const path = join(folderOf('logits'), 'manifest.json');
    const whole = JSON.parse(await readFile(path, 'utf8')) as { created: string; sha256: string };
    await writeFile(path, '{}');
    const answers = await open({ onDamaged: (file) => expect(file).toBe('nothing') });
    expect(await answers.missing(0, size)).toEqual([]);
    await answers.close();
    const { created: _c, sha256: _s, ...rest } = whole;
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(rest);
  });

  it('names a shard of another data set, whole as it is, and makes it again', async () => {
    const first = await open();
    await label(first);
    await first.close();
    const other = key.replace('ab', 'cd');
    const second = await open({ key: other });
    await second.close();
    const [path = ''] = await files('logits');
    const foreign = join(folder, 'cd', other, 'logits', 'float32', basename(path));
    await cp(path, foreign);
    const told: string[] = [];
    const answers = await open({ key: other, onDamaged: (...words) => told.push(words.join(' ')) });
    expect(await answers.missing(0, 2)).toEqual([0, 1]);
    expect(told).toEqual([`${foreign} it is of another teacher, data or encoding`]);
    await answers.close();
  });

  it.each([
    ['float16', 1e-5, 0.002],
    ['int8', 1e-4, 0.02],
    [{ top: 2 }, 1, 5],
  ] as const)('says what %j costs, and keeps that close', async (encoding, divergence, distance) => {
    const answers = await open({
      encoding,
      outputs: { logits: outputs.logits } as never,
    });
    await label(answers);
    const { logits } = await answers.read(batchOf(4));
    range(0, classes).forEach((c) =>
      expect(Math.abs((logits?.data[c] as number) - logit(4, c))).toBeLessThan(distance),
    );
    const [{ cost } = {}] = answers.kept;
    const { mean = NaN, largest = NaN, count } = cost ?? {};
    expect(mean).toBeGreaterThan(0);
    expect(largest).toBeGreaterThan(mean);
    expect(largest).toBeLessThan(divergence);
    expect(count).toBe(256);
    await answers.close();
    // The manifest has it too: who opens the folder later is told the same.
    const again = await open({ encoding, outputs: { logits: outputs.logits } as never });
    expect(again.kept).toEqual([{ output: 'logits', encoding: expect.any(String) as string, cost }]);
    await again.close();
  });

  it('keeps the probabilities of the largest logits exactly', async () => {
    const answers = await open({
      encoding: { top: 2 },
      outputs: { logits: outputs.logits } as never,
    });
    const { logits } = await answers.read(batchOf(9));
    const softmax = (values: readonly number[]) => {
      const sum = values.reduce((total, value) => total + Math.exp(value), 0);
      return values.map((value) => Math.exp(value) / sum);
    };
    const given = softmax(range(0, classes).map((c) => logit(9, c)));
    const kept = softmax([...(logits?.data ?? [])]);
    const order = range(0, classes).sort((a, b) => (given[b] as number) - (given[a] as number));
    for (const c of order.slice(0, 2)) expect(kept[c]).toBeCloseTo(given[c] as number, 6);
    const [, , a = 0, b = 0, c = 0] = order;
    expect(kept[a]).toBeCloseTo(kept[b] as number, 7);
    expect(kept[b]).toBeCloseTo(kept[c] as number, 7);
  });
});

describe('half precision', () => {
  it('reads back every half as the same bits, and rounds others to a nearest half', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = fromHalf(bits);
      if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
      else expect(fromHalf(toHalf(value))).toBeNaN();
    }
    fc.assert(
      fc.property(fc.float({ min: -60_000, max: 60_000, noNaN: true }), (value) => {
        const back = fromHalf(toHalf(value));
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(value) * 2 ** -11));
      }),
      { seed: 5 },
    );
    expect([toHalf(65_504), toHalf(65_519.9), toHalf(65_520), toHalf(1e9)]).toEqual([
      0x7bff, 0x7bff, 0x7c00, 0x7c00,
    ]);
  });
});
