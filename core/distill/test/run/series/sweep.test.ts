// `sweep`: one recipe run at several points, the best of which is kept.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecipe } from '../../../src/run/check-recipe.js';
import { Workplace } from '../tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const quick = ['teacher={use: tiny/teacher}', 'preflight.enabled=false', 'train.epochs=1', 'baseline=false'];

describe('a recipe with a grid', () => {
  const grid = 'sweep={grid: {train.rate: [0.05, 0.0001], losses.1.temperature: [1, 4]}}';

  it('is run with all combinations, and keeps what is best on validation data', async () => {
    const { series, runFolder, summary } = await place.run('student.yaml', { set: [...quick, grid] });
    expect(series?.points.map(({ values }) => values)).toEqual([
      { 'train.rate': 0.05, 'losses.1.temperature': 1 },
      { 'train.rate': 0.05, 'losses.1.temperature': 4 },
      { 'train.rate': 0.0001, 'losses.1.temperature': 1 },
      { 'train.rate': 0.0001, 'losses.1.temperature': 4 },
    ]);
    expect(series?.paths).toEqual(['train.rate', 'losses.1.temperature']);
    const validation = series?.points.map((point) => point.validation ?? NaN) ?? [];
    expect(series?.best.point).toBe(validation.indexOf(Math.min(...validation)));
    const folder = join(runFolder, series?.best.folder ?? '');
    expect(await readFile(join(runFolder, 'exports/student.onnx'))).toEqual(
      await readFile(join(folder, 'exports/student.onnx')),
    );
    expect(summary.student.figures).toEqual(series?.points[series.best.point]?.runs[0]?.student);
    // Each run folder holds the recipe of its point.
    const recipe = await readFile(join(folder, 'recipe.yaml'), 'utf8');
    expect(recipe).not.toContain('sweep');
    expect(await readFile(join(runFolder, 'recipe.yaml'), 'utf8')).toContain('sweep:');
  });

  it('runs only what is new of a larger one', async () => {
    await place.run('student.yaml', { set: [...quick, grid] });
    place.events.length = 0;
    const larger = grid.replace('0.0001]', '0.0001, 0.01]');
    await place.run('student.yaml', { set: [...quick, larger] });
    const trained = place.events.flatMap((event) => (event.event === 'epoch' ? [event.stage] : []));
    expect(trained).toEqual(['point-5/student', 'point-6/student']);
  });

  it('goes on where a training does not stay finite, and says so', async () => {
    const { series, runFolder } = await place.run('student.yaml', {
      set: [...quick, 'sweep={grid: {train.rate: [1e38, 0.05]}}'],
    });
    expect(series?.points[0]).toMatchObject({ validation: null, student: null, runs: [{ folder: null }] });
    expect(series?.points[0]?.runs[0]?.failure).toMatch(/is NaN/);
    expect(series?.best.point).toBe(1);
    expect(await readFile(join(runFolder, 'report.html'), 'utf8')).toContain('is NaN');
  });

  it('refuses what a component does not take before anything is trained', async () => {
    await expect(
      place.run('student.yaml', {
        set: [...quick, 'sweep={grid: {data.train.transforms: [[], [{use: tiny/shorten, to: 3}]]}}'],
      }),
    ).rejects.toMatchObject({ code: 'DATA_PARTS_DIFFER' });
    expect(place.events.some(({ event }) => event === 'epoch')).toBe(false);
    expect(await readdir(place.runs).catch(() => [])).toEqual([]);
  });

  it('is checked at every point, without a run', async () => {
    const recipe = await place.open(
      'student.yaml',
      ...quick,
      'sweep={grid: {data.train.transforms: [[], [{use: tiny/shorten, to: 3}]]}}',
    );
    const where = { runsFolder: place.runs, known: place.known };
    await expect(checkRecipe(recipe, where)).resolves.toEqual([]);
    await expect(checkRecipe(recipe, { ...where, deep: true })).rejects.toMatchObject({
      code: 'DATA_PARTS_DIFFER',
    });
  });

  it('runs each point with each seed, and compares points by their means', async () => {
    const { series } = await place.run('student.yaml', {
      set: [...quick, 'baseline=true', 'seeds=2', 'sweep={grid: {train.rate: [0.0001, 0.05]}}'],
    });
    expect(series?.points.map(({ runs }) => runs.map(({ seed }) => seed))).toEqual([
      [1, 2],
      [1, 2],
    ]);
    for (const point of series?.points ?? []) {
      const values = point.runs.map(({ validation }) => validation ?? NaN);
      expect(point.validation).toBeCloseTo((values[0] ?? NaN) / 2 + (values[1] ?? NaN) / 2, 12);
      expect(point.comparison?.gains).toHaveLength(2);
    }
    const started = place.events.flatMap((event) =>
      event.event === 'stage' && event.state === 'start' && !event.stage.includes('/') ? [event.stage] : [],
    );
    expect(started).toEqual(['point-1.seed-1', 'point-1.seed-2', 'point-2.seed-1', 'point-2.seed-2']);
  });
});

describe('a recipe with points drawn at random', () => {
  const set = (over: string, trials = 6) => [
    ...quick,
    `sweep={random: {trials: ${trials}, over: {${over}}}}`,
  ];
  const points = async (...args: Parameters<typeof set>) =>
    (await place.open('student.yaml', ...set(...args))).plan.series?.points.map(({ values }) => values) ?? [];

  it('draws them within their ranges, the same each time', async () => {
    const over =
      'train.rate: {log: [0.001, 0.1]}, student.dropout: {uniform: [0, 0.5]}, train.batch: {integers: [4, 6]}, losses.1.temperature: [1, 2, 8]';
    const drawn = await points(over, 40);
    expect(drawn).toEqual(await points(over, 40));
    const of = (path: string) => drawn.map((values) => values[path] as number);
    expect(drawn).toHaveLength(40);
    expect(Math.min(...of('train.rate'))).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...of('train.rate'))).toBeLessThanOrEqual(0.1);
    // Half of them below the geometric mean, within what chance does to 40 draws.
    const low = of('train.rate').filter((rate) => rate < 0.01).length;
    expect(low).toBeGreaterThan(10);
    expect(low).toBeLessThan(30);
    expect(new Set(of('train.batch'))).toEqual(new Set([4, 5, 6]));
    expect(new Set(of('losses.1.temperature'))).toEqual(new Set([1, 2, 8]));
    expect(Math.max(...of('student.dropout'))).toBeLessThanOrEqual(0.5);
  });

  it('draws the same values for a path whatever stands beside it', async () => {
    const alone = await points('train.rate: {log: [0.001, 0.1]}');
    const beside = await points('student.dropout: {uniform: [0, 0.5]}, train.rate: {log: [0.001, 0.1]}');
    expect(beside.map((values) => values['train.rate'])).toEqual(alone.map((values) => values['train.rate']));
  });

  it('runs them', async () => {
    const { series } = await place.run('student.yaml', { set: set('train.rate: {log: [0.001, 0.1]}', 2) });
    expect(series?.points).toHaveLength(2);
    expect(series?.points.every(({ validation }) => validation !== null)).toBe(true);
  });
});
