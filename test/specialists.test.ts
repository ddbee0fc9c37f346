// Generalist, specialists and the net that they are distilled back into: the recipes on CIFAR images, in small, through the
// built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

interface Model {
  readonly figures: Readonly<Record<string, number>>;
}
interface Summary {
  readonly teacher: Model | null;
  readonly student: Model;
  readonly begun?: unknown;
  readonly adjustments: readonly { readonly data: { readonly shifts: Readonly<Record<string, number>> } }[];
}
interface Clusters {
  readonly clusters: readonly (readonly string[])[];
  readonly without: readonly string[];
}

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-specialists-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** 540 images to train on, a narrow net, one epoch. */
const small = {
  'data.train.folder': 'data:cifar10-jpg/folder/train',
  'data.test.folder': 'data:cifar10-jpg/folder/test',
  'student.width': 4,
  'train.epochs': 1,
  'train.rate': 0.02,
  threads: 1,
};

async function command(
  name: string,
  recipe: string,
  set: Readonly<Record<string, unknown>>,
  ...more: string[]
) {
  const words = Object.entries({ ...small, ...set }).flatMap(([path, value]) => [
    '--set',
    `${path}=${JSON.stringify(value)}`,
  ]);
  const { code, err } = await potstill([name, `recipes/vision/${recipe}.yaml`, ...words, ...more]);
  expect(code, err).toBe(0);
}

async function run(name: string, recipe: string, set: Readonly<Record<string, unknown>>): Promise<Summary> {
  await command('run', recipe, set, '--folder', join(folder, name), '--runs', folder, '-q');
  return JSON.parse(await readFile(join(folder, name, 'summary.json'), 'utf8')) as Summary;
}

describe.skipIf(!dataFolder)('the recipes of specialists', () => {
  it('cluster, specialise, combine and distil back', async () => {
    const generalist = await run('generalist', 'cifar-generalist', { 'train.epochs': 6 });
    const file = join(folder, 'clusters.json');
    await command(
      'cluster',
      'cifar-generalist',
      { 'train.epochs': 6 },
      ...['--count', '3', '--data', 'train', '--folder', join(folder, 'generalist'), '--out', file],
    );
    const { clusters, without } = JSON.parse(await readFile(file, 'utf8')) as Clusters;
    expect([...clusters.flat(), ...without]).toHaveLength(10);
    const checkpoint = join(folder, 'generalist');
    const specialists: Record<string, unknown> = {};
    for (const [at, classes] of clusters.entries()) {
      const name = `specialist-${at + 1}`;
      const { adjustments } = await run(name, 'cifar-specialist', {
        'data.classes': { ...Object.fromEntries(classes.map((each) => [each, each])), '*': 'rest' },
        begin: { checkpoint, except: ['logits.*'] },
      });
      // All classes have as many images: of k special ones, 10 - k times as many are not.
      expect(Object.keys(adjustments[0]?.data.shifts ?? {})).toEqual(classes.length === 5 ? [] : ['rest']);
      expect(adjustments[0]?.data.shifts.rest ?? 0).toBeCloseTo(
        Math.log((10 - classes.length) / classes.length),
        5,
      );
      specialists[name] = { use: 'checkpoint', run: join(folder, name) };
    }
    const soft = await run('soft', 'cifar-specialist-soft', {
      begin: { checkpoint },
      teacher: { use: 'checkpoint', run: checkpoint, cache: 'never' },
    });
    expect(Object.keys(soft.adjustments[0]?.data.shifts ?? {})).toHaveLength(8);
    specialists.soft = { teacher: { use: 'checkpoint', run: join(folder, 'soft') }, classes: ['cat', 'dog'] };
    const together = await run('specialists', 'cifar-specialists', {
      begin: { checkpoint },
      teacher: { use: 'specialists', generalist: { use: 'checkpoint', run: checkpoint }, specialists },
    });
    // Another model than the generalist, and no worse a one than chance.
    expect(together.teacher?.figures.crossEntropy).not.toBe(generalist.student.figures.crossEntropy);
    expect(together.teacher?.figures.accuracy).toBeGreaterThan(0.15);
    expect(together.student.figures.accuracy).toBeGreaterThan(0.15);
    const alone = await run('back', 'cifar-back', {
      begin: { checkpoint },
      teacher: { use: 'checkpoint', run: checkpoint },
    });
    expect(alone.teacher?.figures.accuracy).toBe(generalist.student.figures.accuracy);
  }, 600_000);
});
