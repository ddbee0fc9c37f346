// One recipe through the command line on all three backends: the same losses, the same student.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

interface Event {
  readonly event: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly runFolder?: string;
  readonly summary?: {
    readonly student: { readonly figures: { readonly errors: number } };
    readonly exports: readonly { readonly maxDifference: number }[];
  };
}

/** tfjs-node's native part is set up by a script of its own. */
function tensorflowWorks(): boolean {
  try {
    createRequire(import.meta.url)('@tensorflow/tfjs-node');
    return true;
  } catch (cause) {
    if (process.env.CI)
      throw new Error('the tensorflow backend must work in CI: npm run setup:tfjs-node', { cause });
    return false;
  }
}
const tensorflow = tensorflowWorks();

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-backends-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** mnist-quick with 1,000 images, few units and few epochs; dropout and jitter stay. */
const small = [
  'teacher.set={student: {use: mlp, hidden: [64], dropout: 0.2}, train.epochs: 2, data.train: {use: vision/mnist, split: train, limit: 1000, transforms: [{use: vision/pixel-shift, pixels: 2}]}, data.test: {use: vision/mnist, split: test, limit: 500}}',
  'data.train={use: vision/mnist, split: train, limit: 1000}',
  'data.transfer={use: vision/mnist, split: train, range: [1000, 1500]}',
  'data.test={use: vision/mnist, split: test, limit: 500}',
  'train.epochs=3',
].flatMap((value) => ['--set', value]);

async function run(backend: string) {
  const { code, out, err } = await potstill([
    ...['run', 'recipes/vision/mnist-quick.yaml', '--json', '--runs', join(folder, backend)],
    ...[...small, '--set', `backend=${backend}`],
  ]);
  expect(code, err).toBe(0);
  const events = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const done = events.at(-1);
  const { backend: recorded } = JSON.parse(
    await readFile(join(done?.runFolder ?? '', 'run.json'), 'utf8'),
  ) as { readonly backend: string };
  expect(recorded).toBe(backend);
  return {
    losses: events.flatMap(({ event, metrics }) => (event === 'epoch' ? [metrics?.loss ?? Number.NaN] : [])),
    errors: done?.summary?.student.figures.errors ?? Number.NaN,
    difference: done?.summary?.exports[0]?.maxDifference ?? Number.NaN,
  };
}

describe('a recipe run on the command line', () => {
  const backends = ['cpu', ...(tensorflow ? ['tensorflow'] : [])];
  it(`gives the same student on ${['onnx', ...backends].join(', ')}`, async () => {
    const expected = await run('onnx');
    expect(expected.losses.length).toBe(2 + 3 + 3);
    for (const backend of backends) {
      const got = await run(backend);
      expect(got.losses.length).toBe(expected.losses.length);
      got.losses.forEach((loss, i) => {
        const other = expected.losses[i] as number;
        expect(Math.abs(loss / other - 1), `${backend}, epoch ${i}`).toBeLessThan(1e-4);
      });
      // An image in 500 may stand between two classes.
      expect(Math.abs(got.errors - expected.errors)).toBeLessThanOrEqual(1);
      expect(got.difference).toBeLessThan(1e-4);
    }
  }, 180_000);
});
