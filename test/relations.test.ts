// A recipe whose losses compare layers of other widths and keep a memory bank, in small and through the built command.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-relations-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('potstill run recipes/tabular/pumps-relations.yaml', () => {
  it('trains with relations and a bank of all rows', async () => {
    const short = ['teacher.set={train.epochs: 2}', 'train.epochs=2'];
    const { code, out, err } = await potstill([
      ...['run', 'recipes/tabular/pumps-relations.yaml', '--quiet', '--runs', folder],
      ...short.flatMap((value) => ['--set', value]),
    ]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^distilled +\d+ /m);
  });
});
