// The recipe on a table, through the built command.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, potstill, root, run } from './support/processes.js';

let folder: string;
beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'potstill-tabular-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('potstill run recipes/tabular/pumps.yaml', () => {
  it('learns the state of pumps at sites that it has not seen', async () => {
    const short = ['teacher.set={train.epochs: 8}', 'train.epochs=8'].flatMap((value) => ['--set', value]);
    const { code, out, err } = await potstill([
      ...['run', 'recipes/tabular/pumps.yaml', '--json', '--runs', folder, ...short],
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly event: string; readonly runFolder?: string });
    const last = events.at(-1);
    expect(last?.event).toBe('done');
    const report = await readFile(join(last?.runFolder ?? '', 'report.html'), 'utf8');
    expect(report).toContain('no example of the validation and test data is trained on');
    const onnx = (await readFile(join(last?.runFolder ?? '', 'exports/student.onnx'))).toString('latin1');
    expect(onnx).toContain('potstill.columns');
    expect(onnx).toContain('"categories":["Alta","Borg","Cirrus, Inc.","Delta"]');
    const { out: errors } = await potstill([
      'evaluate',
      'recipes/tabular/pumps.yaml',
      '--runs',
      folder,
      ...short,
    ]);
    const [, wrong = ''] = /^\s*errors\s+(\d+)/m.exec(errors) ?? [];
    // Of about 500 pumps; the most frequent state is wrong for more than half of them.
    expect(Number(wrong)).toBeGreaterThan(0);
    expect(Number(wrong)).toBeLessThan(200);
  }, 240_000);

  it('has the table that its script writes', async () => {
    const before = await readFile(join(root, 'recipes/tabular/pumps.csv'), 'utf8');
    await run(process.execPath, [join(root, 'recipes/tabular/make-pumps.mjs')]);
    expect(await readFile(join(root, 'recipes/tabular/pumps.csv'), 'utf8')).toBe(before);
  });
});

describe('potstill run recipes/tabular/pumps-curriculum.yaml', () => {
  it('trains with temperatures that change', async () => {
    const short = ['teacher.set={train.epochs: 8}', 'train.epochs=2'].flatMap((value) => ['--set', value]);
    const { code, out, err } = await potstill([
      ...['run', 'recipes/tabular/pumps-curriculum.yaml', '--json', '--runs', folder, ...short],
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/"loss.decoupled-knowledge-distillation":[\d.e-]+,"loss.soft-targets":[\d.e-]+/);
  }, 240_000);
});
