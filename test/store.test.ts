// The teacher store through the built command: its size, its memory, and other programs that read it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill, root, run } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-store-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Stored {
  readonly id: string;
  readonly folder: string;
  readonly output: string;
  readonly answers: number;
  readonly complete: boolean;
  readonly bytes: number;
}

async function stored(runs: string): Promise<Stored[]> {
  const { out } = await potstill(['store', 'ls', '--runs', runs, '--json']);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Stored);
}

async function must(words: readonly string[]): Promise<string> {
  const { code, out, err } = await potstill(words);
  if (code !== 0) throw new Error(`potstill ${words.join(' ')} ended with ${code}:\n${out}${err}`);
  return out;
}

/** A recipe of synthetic examples with one student layer. */
async function synthetic(name: string, size: number, cache: string): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    `name: ${name}
plugins: [${JSON.stringify(join(root, 'bench/store/plugin.mjs'))}]
data: { train: { use: synthetic/points, size: ${size} } }
teacher: { use: synthetic/teacher, cache: ${cache} }
student: { use: mlp, hidden: [8] }
losses: [soft-targets]
train: { epochs: 1 }
preflight: { enabled: false }
`,
  );
  return file;
}

describe('a teacher store', () => {
  it("holds the answers of mnist-hinton's teacher about 60,000 images in less than 3 MB", async () => {
    const runs = join(folder, 'mnist');
    // A teacher that has learnt little answers with as many numbers.
    const little = '{train.epochs: 1, data.train: {use: vision/mnist, split: train, range: [0, 1280]}}';
    const set = ['--set', `teacher.set=${little}`, '--set', 'preflight.enabled=false'];
    await must(['label', 'recipes/vision/mnist-hinton.yaml', '--runs', runs, ...set, '--quiet']);
    const all = await stored(runs);
    expect(all).toMatchObject([{ output: 'logits', answers: 60_000, complete: true }]);
    expect(all[0]?.bytes).toBeGreaterThan(60_000 * 10 * 4);
    expect(all[0]?.bytes).toBeLessThan(3_000_000);
  }, 300_000);

  it('holds four views of images that are shifted at random, in half precision: mnist-views', async () => {
    const runs = join(folder, 'views');
    const set = [
      'preflight.enabled=false',
      'data.transfer=null',
      'data.train.range=[0, 1000]',
      'teacher.set={train.epochs: 1, data.train: {use: vision/mnist, split: train, range: [10000, 11280]}}',
    ].flatMap((each) => ['--set', each]);
    const out = await must(['label', 'recipes/vision/mnist-views.yaml', '--runs', runs, ...set, '--quiet']);
    expect(out).toMatch(/^4,000 answers stored; logits as float16: KL /);
    const all = await stored(runs);
    expect(all.map(({ answers, complete }) => [answers, complete])).toEqual(Array(4).fill([1000, true]));
  }, 120_000);

  it('is filled and read in memory that does not grow with the data', async () => {
    const peaks = async (examples: number) => {
      const words = ['--import', 'tsx', 'bench/store.ts', '--examples', String(examples)];
      const { code, out, err } = await run(process.execPath, words);
      if (code !== 0) throw new Error(`bench/store.ts ended with ${code}:\n${out}${err}`);
      const peak = (command: string) =>
        Number(new RegExp(`^${command} .* (\\d+) MB$`, 'm').exec(out)?.[1] ?? NaN);
      return { label: peak('label'), run: peak('run') };
    };
    const small = await peaks(5_000);
    const large = await peaks(100_000);
    // 95,000 examples more hold 10 MB of numbers, and 4 MB of answers.
    expect(large.label - small.label).toBeLessThan(70);
    expect(large.run - small.run).toBeLessThan(70);
  }, 300_000);
});

const python = process.env.POTSTILL_PYTHON ?? '';

describe.skipIf(python === '')('pyarrow and DuckDB (skipped where POTSTILL_PYTHON names no Python)', () => {
  it.each(['float32', 'float16', 'int8', '{top: 3}'])(
    'read the shards of %s, and what they decode is what potstill exports',
    async (encoding) => {
      const runs = join(folder, `python-${encoding.replaceAll(/\W/g, '')}`);
      const recipe = await synthetic('python', 5000, `{ encoding: ${encoding} }`);
      await must(['label', recipe, '--runs', runs, '--quiet']);
      const [found] = await stored(runs);
      const exports = ['npy', 'safetensors'].map((ending) => join(runs, `logits.${ending}`));
      for (const file of exports) await must(['store', 'export', found?.id ?? '', file, '--runs', runs]);
      const { code, out, err } = await run(python, ['test/store_check.py', found?.folder ?? '', ...exports]);
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ rows: 5000, duckdb: 5000, agree: true, classes: 10 });
    },
    120_000,
  );
});
