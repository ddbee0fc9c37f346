// Recipes whose teachers are computed in the training step, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

interface Summary {
  readonly student: { readonly figures: Readonly<Record<string, number>> };
  readonly peers?: Readonly<Record<string, { readonly figures: Readonly<Record<string, number>> }>>;
}

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-graph-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function summaryOf(recipe: string, ...set: string[]): Promise<Summary> {
  const settings = ['train.epochs=6', ...set].flatMap((value) => ['--set', value]);
  const { code, out, err } = await potstill(['run', recipe, '--json', '--runs', folder, ...settings]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const last = out.trim().split('\n').at(-1) ?? '';
  const { runFolder } = JSON.parse(last) as { readonly runFolder: string };
  return JSON.parse(await readFile(join(runFolder, 'summary.json'), 'utf8')) as Summary;
}

// Of about 500 pumps at other sites; the most frequent state alone is wrong for more than half of them.
describe('potstill run', () => {
  it('recipes/tabular/pumps-mutual.yaml measures the student and each peer', async () => {
    const { student, peers = {} } = await summaryOf('recipes/tabular/pumps-mutual.yaml', 'baseline=false');
    expect(Object.keys(peers)).toEqual(['peer-1', 'peer-2']);
    for (const { figures } of [student, ...Object.values(peers)]) expect(figures.errors).toBeLessThan(250);
    expect(peers['peer-1']?.figures).not.toEqual(peers['peer-2']?.figures);
  }, 240_000);

  it.each(['recipes/tabular/pumps-mean-teacher.yaml', 'recipes/tabular/pumps-pairs.yaml'])(
    '%s learns',
    async (recipe) => {
      const { student } = await summaryOf(recipe, 'baseline=false');
      expect(student.figures.errors).toBeLessThan(250);
    },
    240_000,
  );

  it.each(['recipes/vision/mnist-without-data.yaml', 'recipes/vision/mnist-zero-shot.yaml'])(
    '%s trains beside a generator',
    async (recipe) => {
      const teacher = {
        'data.train.range': [0, 1000],
        'data.train.limit': 1000,
        'data.test.limit': 100,
        'train.epochs': 1,
      };
      const small = ['train.epochs=1', 'data.train.limit=1000', 'data.test.limit=200', 'train.batch=64'];
      const { student } = await summaryOf(recipe, ...small, `teacher.set=${JSON.stringify(teacher)}`);
      // How much it learns without data is not for a test of seconds to say; docs/guide/teachers.md has what longer runs reach.
      expect(student.figures.count).toBe(200);
    },
    240_000,
  );

  it('recipes/vision/mnist-exits.yaml teaches shallow exits by the last', async () => {
    const small = [
      'train.epochs=3',
      'train.batch=32',
      'data.train.limit=2000',
      'data.test.limit=500',
      'baseline=false',
    ];
    const { student } = await summaryOf('recipes/vision/mnist-exits.yaml', ...small);
    // Guessing makes 450.
    expect(student.figures.errors).toBeLessThan(200);
  }, 240_000);

  it('recipes/vision/mnist-self-supervision.yaml learns from turned images', async () => {
    const small = ['train.batch=32', 'data.train.limit=1000', 'data.test.limit=500', 'baseline=false'];
    const { student } = await summaryOf('recipes/vision/mnist-self-supervision.yaml', ...small);
    expect(student.figures.errors).toBeLessThan(200);
  }, 240_000);
});
