// The recipe with a sweep and seeds, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-series-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('potstill run recipes/tabular/pumps-sweep.yaml', () => {
  it('compares temperatures over seeds and exports the best student', async () => {
    const short = ['teacher.set={train.epochs: 2}', 'train.epochs=1', 'seeds=2'];
    const { code, out } = await potstill([
      ...['run', 'recipes/tabular/pumps-sweep.yaml', '--quiet', '--runs', folder],
      ...short.flatMap((value) => ['--set', value]),
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^losses\.0\.temperature +errors \(validation\) +errors \(test\)/m);
    expect(out).toMatch(/Of 3 points, losses\.0\.temperature=[124] is best on validation data/);
    const [, onnx = ''] = /^onnx +(.*)$/m.exec(out) ?? [];
    expect(onnx).toMatch(/pumps-sweep-series-[0-9a-f]{8}\/exports\/student\.onnx$/);
    expect((await readFile(onnx)).length).toBeGreaterThan(0);
  });
});

describe('potstill run recipes/tabular/pumps-halving.yaml', () => {
  it('trains fewer points for longer', async () => {
    const short = ['teacher.set={train.epochs: 2}', 'train.epochs=3', 'sweep.random.trials=4'];
    const { code, out } = await potstill([
      ...['run', 'recipes/tabular/pumps-halving.yaml', '--quiet', '--runs', folder],
      ...[...short, 'sweep.halving={epochs: 1}'].flatMap((value) => ['--set', value]),
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^train\.rate +losses\.0\.temperature +errors \(validation, 1 epoch\)/m);
    expect(out).toContain('Of 4 points after 4 shorter runs and 2 whole ones, train.rate=');
  });
});
