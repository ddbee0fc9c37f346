// The recipes that compare methods on CIFAR images, in small, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

interface Series {
  readonly points: readonly {
    readonly values: Readonly<Record<string, unknown>>;
    readonly runs: readonly { readonly student: Readonly<Record<string, number>> | null }[];
  }[];
}

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-cifar-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** 64 images, a narrow net, one epoch, one view of each image. */
const small = {
  'data.train.folder': 'data:cifar10-jpg/folder/train',
  'data.train.limit': 64,
  'data.test.folder': 'data:cifar10-jpg/folder/test',
  'data.test.limit': 50,
  'student.width': 4,
  'train.epochs': 1,
  'train.rate': 0.02,
  'preflight.enabled': false,
  export: [],
  threads: 1,
};

async function seriesOf(recipe: string, set: Readonly<Record<string, unknown>>): Promise<Series> {
  const words = Object.entries({ ...small, ...set }).flatMap(([path, value]) => [
    '--set',
    `${path}=${JSON.stringify(value)}`,
  ]);
  const place = join(folder, recipe);
  const { code, err } = await potstill([
    'run',
    `recipes/vision/${recipe}.yaml`,
    ...words,
    ...['--folder', place, '--runs', folder, '-q'],
  ]);
  expect(code, err).toBe(0);
  return JSON.parse(await readFile(join(place, 'series.json'), 'utf8')) as Series;
}

describe.skipIf(!dataFolder)('the recipes on CIFAR images (need POTSTILL_DATA)', () => {
  it('compare thirteen methods, each of which trains', async () => {
    const { points } = await seriesOf('cifar-methods', { seeds: null, 'teacher.cache': { epochs: 1 } });
    expect(points).toHaveLength(13);
    for (const { values, runs } of points)
      expect(runs[0]?.student?.accuracy, JSON.stringify(values.losses)).toEqual(expect.any(Number));
  }, 300_000);

  it('learn from few labels and from images without', async () => {
    const transfer = { use: 'vision/image-folder', folder: 'data:cifar10-jpg/folder/train', limit: 100 };
    const { points } = await seriesOf('cifar-few-labels', {
      seeds: null,
      'teacher.cache': { epochs: 1 },
      'data.transfer': transfer,
    });
    expect(points).toHaveLength(4);
  }, 300_000);

  it.each(['cifar-alone', 'cifar-few-labels-alone'])(
    '%s is the student without a teacher',
    async (recipe) => {
      const { points } = await seriesOf(recipe, { seeds: [1, 2] });
      expect(points[0]?.runs.map(({ student }) => typeof student?.accuracy)).toEqual(['number', 'number']);
    },
    300_000,
  );
});
