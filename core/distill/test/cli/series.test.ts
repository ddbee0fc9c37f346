// `potstill run` of recipes with `seeds` and `sweep`: tables, files and events.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
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
