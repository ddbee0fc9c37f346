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
