// Recipes of several students, one after another, in small and through the built command.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-stages-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a recipe with values of the test in place of its own; its standard output. */
async function run(recipe: string, ...set: string[]): Promise<string> {
  const { code, out, err } = await potstill([
    ...['run', recipe, '--quiet', '--runs', folder],
    ...set.flatMap((value) => ['--set', value]),
  ]);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out;
}

const quickTeacher = 'teacher.set={train.epochs: 2}';

describe('potstill run recipes/tabular/pumps-stages.yaml', () => {
  it('trains both stages, and shows the last', async () => {
    const out = await run(
      'recipes/tabular/pumps-stages.yaml',
      ...[quickTeacher, 'train.epochs=1', 'stages.1.train.epochs=1'],
    );
    const [, last = ''] = /^run folder +(.*)$/m.exec(out) ?? [];
    expect(last).toMatch(/pumps-stages-labels-[0-9a-f]{8}$/);
    const folders = await readdir(folder);
    expect(folders.some((name) => name.startsWith('pumps-stages-answers-'))).toBe(true);
    expect(await readFile(join(last, 'report.html'), 'utf8')).toContain(
      'The student began with the weights of answers (all 4 variables).',
    );
  });
});

describe('methods made of recipes', () => {
  it('teacher assistants: each teaches the next', async () => {
    const quick = '{train.epochs: 2, preflight.enabled: false, teacher.set: {train.epochs: 2}}';
    await run('recipes/tabular/pumps-assisted.yaml', `teacher.set=${quick}`, 'train.epochs=2');
    const folders = await readdir(folder);
    for (const name of ['pumps-assistant-', 'pumps-assisted-'])
      expect(folders.filter((each) => each.startsWith(name))).toHaveLength(1);
  });

  it('born-again generations: each teaches the next of its own form', async () => {
    const quick = '{train.epochs: 1, teacher.set: {train.epochs: 2}}';
    await run('recipes/tabular/pumps-born-again.yaml', `teacher.set=${quick}`, 'train.epochs=1');
    expect((await readdir(folder)).filter((each) => each.startsWith('pumps-generation-'))).toHaveLength(1);
  });

  it('route constraints: a teacher as it was in its training, then as it is', async () => {
    const out = await run(
      'recipes/tabular/pumps-route.yaml',
      ...['teacher.set={train.epochs: 3, train.keep: [1, 2]}', 'train.epochs=1'],
      ...['stages.0.teacher.epoch=1', 'stages.1.teacher.epoch=2'],
    );
    const [, last = ''] = /^run folder +(.*)$/m.exec(out) ?? [];
    const figures = async (name: string) => {
      const found = (await readdir(folder)).find((each) => each.startsWith(`pumps-route-${name}-`)) ?? '';
      const summary = JSON.parse(await readFile(join(folder, found, 'summary.json'), 'utf8')) as {
        teacher: { figures: { crossEntropy: number } };
      };
      return summary.teacher.figures.crossEntropy;
    };
    // Another teacher in each stage, the first of which is the worst.
    const all = [await figures('early'), await figures('middle'), await figures('end')];
    expect(new Set(all).size).toBe(3);
    expect(Math.max(...all)).toBe(all[0]);
    expect(last).toContain('pumps-route-end-');
  });

  it('progressive shrinking: what is left of a deeper student', async () => {
    const out = await run('recipes/tabular/pumps-shrinking.yaml', quickTeacher, 'train.epochs=1');
    const [, last = ''] = /^run folder +(.*)$/m.exec(out) ?? [];
    const summary = JSON.parse(await readFile(join(last, 'summary.json'), 'utf8')) as {
      begun: { taken: number; chain: { name: string }[] };
    };
    expect(summary.begun.taken).toBe(4);
    expect(summary.begun.chain.map(({ name }) => name)).toEqual([
      'pumps-shrinking-three',
      'pumps-shrinking-two',
    ]);
  });
});
