// `sweep.halving`: short trainings of all points, whole ones of the best.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seriesTable } from '../../../src/cli/series-table.js';
import { Workplace } from '../tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const quick = ['teacher={use: tiny/teacher}', 'preflight.enabled=false', 'train.epochs=4'];
const rates = [0.00001, 0.05, 0.0001, 1e38, 0.1, 0.001];
const sweep = `sweep={grid: {train.rate: [${rates.join(', ')}]}, halving: {epochs: 1, factor: 2}}`;
const trained = () => [
  ...new Set(place.events.splice(0).flatMap((event) => (event.event === 'epoch' ? [event.stage] : []))),
];

describe('successive halving', () => {
  it('trains fewer points for longer, the best on validation data', async () => {
    const { series, runFolder } = await place.run('student.yaml', { set: [...quick, sweep] });
    expect(series?.rungs).toEqual([
      { epochs: 1, runs: 6 },
      { epochs: 2, runs: 3 },
    ]);
    const points = series?.points ?? [];
    const kept = (rung: number, count: number) => {
      const reached = [...points.keys()].filter((at) => (points[at]?.rungs?.length ?? 0) > rung);
      const value = (at: number) => points[at]?.rungs?.[rung]?.validation ?? Infinity;
      return reached
        .sort((a, b) => value(a) - value(b) || a - b)
        .slice(0, count)
        .sort();
    };
    const onSecond = [...points.keys()].filter((at) => points[at]?.rungs?.length === 2);
    expect(kept(0, 3)).toEqual(onSecond);
    const whole = [...points.keys()].filter((at) => points[at]?.runs.length === 1);
    expect(kept(1, 2)).toEqual(whole);
    expect(whole).toContain(series?.best.point);
    // One that does not stay finite comes last.
    expect(points[3]?.rungs?.[0]?.runs[0]?.failure).toMatch(/is NaN/);
    expect(points[3]?.runs).toEqual([]);
    const names = trained();
    expect(names.filter((name) => name.includes('epochs-1/'))).toHaveLength(5);
    // Only whole runs have a baseline.
    expect(names.filter((name) => name.endsWith('/baseline'))).toEqual(
      whole.map((at) => `point-${at + 1}/baseline`),
    );
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    for (const text of [
      'Errors, validation, 1 epoch',
      'Errors on validation data, by rung',
      'train.rate=0.05, 2 epochs',
    ])
      expect(report).toContain(text);
    if (!series) throw new Error('no series');
    const table = seriesTable(series);
    expect(table).toMatch(
      /^train\.rate +errors \(validation, 1 epoch\) +errors \(validation, 2 epochs\) +errors \(validation\) /,
    );
    expect(table).toContain('Of 6 points after 9 shorter runs and 2 whole ones, train.rate=');
    // Those that got furthest come first.
    expect(
      table
        .split('\n')
        .slice(1, 3)
        .map((line) => Number(line.split(' ')[0]))
        .sort(),
    ).toEqual(whole.map((at) => rates[at]).sort());
  });

  it('has whole runs that are those of the recipe, and does nothing again', async () => {
    const { series, runFolder } = await place.run('student.yaml', { set: [...quick, sweep] });
    trained();
    const { point } = series?.best ?? { point: 0 };
    const alone = await place.run('student.yaml', { set: [...quick, `train.rate=${rates[point] ?? 0}`] });
    expect(alone.runFolder).toBe(`${join(runFolder, series?.best.folder ?? '')}-2`);
    expect(await readFile(join(alone.runFolder, 'student.safetensors'))).toEqual(
      await readFile(join(runFolder, 'student.safetensors')),
    );
    trained();
    const before = await readdir(place.runs);
    const again = await place.run('student.yaml', { set: [...quick, sweep] });
    expect(again.series?.best).toMatchObject({ point, seed: 1 });
    // The failed one is tried again.
    expect(trained()).toEqual([]);
    expect((await readdir(place.runs)).length).toBe(before.length + 1);
  });

  it('compares points by their means over the seeds', async () => {
    const { series } = await place.run('student.yaml', {
      set: [
        ...quick,
        'baseline=false',
        'seeds=2',
        'sweep={grid: {train.rate: [0.0001, 0.05, 0.02]}, halving: {epochs: 2}}',
      ],
    });
    expect(series?.rungs).toEqual([{ epochs: 2, runs: 6 }]);
    const means = series?.points.map(({ rungs }) => rungs?.[0]?.validation ?? NaN) ?? [];
    const whole = series?.points.flatMap(({ runs }, at) => (runs.length > 0 ? [at] : []));
    expect(whole).toEqual([means.indexOf(Math.min(...means))]);
    expect(series?.points[whole?.[0] ?? 0]?.runs.map(({ seed }) => seed)).toEqual([1, 2]);
    const told = place.events.flatMap((event) =>
      event.event === 'progress' && 'unit' in event && event.unit === 'runs' ? [event.total] : [],
    );
    expect(told).toEqual(Array.from({ length: 8 }, () => 8));
  });
});
