// `potstill run` of recipes with `seeds` and `sweep`: tables, files and events.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import type { SeriesSummary } from '../../src/report/series/summary.js';
import { makePlace, potstill } from './place.js';

let folder: string;
beforeEach(async () => {
  folder = await makePlace();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function recipe(lines: string): Promise<readonly string[]> {
  const file = join(folder, 'series.yaml');
  const quick = await readFile(join(folder, 'quick.yaml'), 'utf8');
  await writeFile(file, `${quick.replace('epochs: 3', 'epochs: 1')}${lines}\n`);
  return ['run', file, '--runs', join(folder, 'runs')];
}

describe('potstill run of a recipe with seeds', () => {
  it('prints mean and spread of the models, what they say, and where things are', async () => {
    const { code, out, err } = await potstill(await recipe('seeds: 2'));
    expect(code).toBe(0);
    expect(err).toContain('== seed-2: run 2 of 2');
    const text = out.join('\n');
    expect(text).toMatch(/^on test data +errors +accuracy +agreement$/m);
    expect(text).toMatch(/^distilled +\d+\.\d ± \d+\.\d +\d+\.\d\d ± \d+\.\d\d %/m);
    expect(text).toContain('mean ± standard deviation over 2 seeds: 1, 2');
    expect(text).toContain('2 seeds cannot show a difference beyond chance');
    expect(text).toMatch(/^The student of seed [12] was exported: it has [\d.]+ errors? on validation data/m);
    expect(text).toMatch(/^folder of the series +.*runs\/tiny-student-series-[0-9a-f]{8}$/m);
    expect(text).toMatch(/^onnx +.*series-[0-9a-f]{8}\/exports\/student.onnx$/m);
  });

  it('prints nothing but events with --json', async () => {
    const { code, out } = await potstill([...(await recipe('seeds: [5, 7]')), '--json']);
    expect(code).toBe(0);
    const told = out.map((line) => JSON.parse(line) as RunEvent);
    expect(told[0]).toMatchObject({ event: 'run', resumed: false });
    expect(told.at(-1)).toMatchObject({ event: 'done', series: { seeds: [5, 7] } });
    expect(told).toContainEqual(
      expect.objectContaining({ event: 'progress', unit: 'runs', done: 1, total: 2 }),
    );
  });
});

describe('potstill run of a recipe with a sweep', () => {
  it('prints the points, the best on validation data first', async () => {
    const { code, out } = await potstill(
      await recipe('sweep: { grid: { train.rate: [0.00001, 0.05], student.hidden: [[4]] } }'),
    );
    expect(code).toBe(0);
    const at = out.findIndex((line) => line.startsWith('train.rate'));
    expect(out[at]).toMatch(/^train.rate +student.hidden +errors \(validation\) +errors \(test\)/);
    const numbers = [1, 2].map((row) => Number(/\[4\] +([\d,]+)/.exec(out[at + row] ?? '')?.[1]));
    expect(numbers[0]).toBeLessThanOrEqual(numbers[1] ?? NaN);
    expect(out.join('\n')).toMatch(
      /Of 2 points, train\.rate=\S+, student\.hidden=\[4\] is best on validation data/,
    );
  });

  it('tells wrong values at their line before anything is trained', async () => {
    const { code, err } = await potstill(await recipe('sweep:\n  grid:\n    student.hidden: [[4], [0]]'));
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(/hidden\.0.*\n.*series\.yaml:18:28/);
  });
});

describe('commands after a series', () => {
  it('act on its best run, and check all of them', async () => {
    const words = await recipe('sweep: { grid: { student.hidden: [[4], [7]] } }');
    const [, file = '', ...where] = words;
    for (const command of ['evaluate', 'export']) {
      const { code, err } = await potstill([command, file, ...where]);
      expect(code).toBe(2);
      expect(err.join('\n')).toContain(
        'error[RUN_NO_CHECKPOINT]: the recipe `tiny-student` is many runs (`seeds`, `sweep`), and there is no finished series of it in',
      );
    }
    const ran = await potstill([...words, '--json']);
    const done = JSON.parse(ran.out.at(-1) ?? '') as {
      readonly runFolder: string;
      readonly series: SeriesSummary;
    };
    const { best, points } = done.series;
    const measured = await potstill(['evaluate', file, ...where, '--json']);
    const found = JSON.parse(measured.out.at(-1) ?? '') as { model: string; figures: Record<string, number> };
    expect(found.model).toBe(join(done.runFolder, best.folder));
    expect(found.figures.errors).toBe(points[best.point]?.runs[0]?.student?.errors);
    const named = await potstill(['evaluate', file, ...where, '--folder', done.runFolder, '--json']);
    expect(named.out.at(-1)).toBe(measured.out.at(-1));
    const exported = await potstill(['export', file, ...where, '--as', 'onnx', '--to', join(folder, 'out')]);
    expect(exported.code).toBe(0);
    expect(await readFile(join(folder, 'out', 'student.onnx'))).toEqual(
      await readFile(join(done.runFolder, 'exports', 'student.onnx')),
    );
    const other = ['--set', 'sweep={grid: {student.hidden: [[5], [6]]}}', '--folder', done.runFolder];
    const refused = await potstill(['evaluate', file, ...where, ...other]);
    expect(refused.code).toBe(2);
    expect(refused.err.join('\n')).toContain(
      'is of another series: its recipe, seeds or sweep differ from those of',
    );

    const verified = await potstill(['verify', done.runFolder]);
    expect(verified.code).toBe(0);
    for (const name of ['series.json', 'exports/student.onnx', `${best.folder}/summary.json`])
      expect(verified.out.join('\n')).toMatch(new RegExp(`^${name} +ok`, 'm'));
    await rm(join(done.runFolder, points[1 - best.point]?.runs[0]?.folder ?? ''), { recursive: true });
    await writeFile(join(done.runFolder, 'student.safetensors'), 'other');
    const broken = await potstill(['verify', done.runFolder]);
    expect(broken.code).toBe(2);
    expect(broken.err.join('\n')).toContain('the run is missing');
    expect(broken.err.join('\n')).toContain('student.safetensors: it is not that of the best run');
    await rm(join(done.runFolder, best.folder), { recursive: true });
    const lost = await potstill(['verify', done.runFolder]);
    expect(lost.out.join('\n')).toContain('not checked: the best run, whose copy it is, is missing');
    await writeFile(join(done.runFolder, 'series.json'), '{}');
    expect((await potstill(['verify', done.runFolder])).err.join('\n')).toContain(
      'error[RUN_CHECKPOINT_DAMAGED]',
    );
  });
});
