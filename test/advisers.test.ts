// The recipe whose teacher is an ensemble of functions in files, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-advisers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('potstill run recipes/tabular/pumps-advisers.yaml', () => {
  it('is taught by functions whose weights are learnt, and keeps the answers of each', async () => {
    const recipe = 'recipes/tabular/pumps-advisers.yaml';
    const short = ['train.epochs=4', 'baseline=false'].flatMap((value) => ['--set', value]);
    const { code, out, err } = await potstill(['run', recipe, '--json', '--runs', folder, ...short]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly event: string; readonly runFolder?: string });
    const { runFolder = '' } = events.at(-1) ?? {};
    const log = await readFile(join(runFolder, 'run.log'), 'utf8');
    expect(log).toContain('weights of the ensemble, learnt on the validation data');
    const summary = JSON.parse(await readFile(join(runFolder, 'summary.json'), 'utf8')) as {
      readonly teacher: { readonly figures: Readonly<Record<string, number>> };
    };
    // Of about 500 pumps at other sites; the most frequent state alone is wrong for more than half of them.
    expect(summary.teacher.figures.errors).toBeLessThan(200);
    const { out: stored } = await potstill(['store', 'ls', '--runs', folder]);
    expect(stored.match(/logits/g)?.length).toBe(2);
  }, 240_000);
});
