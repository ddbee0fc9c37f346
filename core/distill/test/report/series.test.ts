// Seeds compared and shown: the test, its words, and a report that escapes what it shows.
import { describe, expect, it } from 'vitest';
import { primaryOf, type Primary } from '../../src/report/figures.js';
import { compareSeeds } from '../../src/report/series/compare-seeds.js';
import { spreadOf } from '../../src/report/series/spread.js';
import type { SeriesSummary } from '../../src/report/series/summary.js';
import { renderSeriesReport } from '../../src/report/series/write-series-report.js';

const figures = [
  { name: 'errors', title: 'Errors', singular: 'Error', unit: 'count', better: 'lower' },
  { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'higher' },
] as const;
const figure = (name: string) => primaryOf(figures, name) as Primary;

describe('compareSeeds', () => {
  it('says that so few seeds cannot show anything, even where all agree', () => {
    const found = compareSeeds(
      [
        [74, 70],
        [76, 71],
        [75, 72],
      ],
      figure('errors'),
    );
    expect(found).toMatchObject({ gains: [4, 5, 3], mean: 4, deviation: 1, better: 3, worse: 0, p: 0.25 });
    expect(found?.words).toBe(
      'The distilled student is better than the student alone with 3 of 3 seeds. On average it is better by 4 errors (standard deviation 1 error). 3 seeds cannot show a difference beyond chance: even if all agreed, the sign-flip test would give p = 0.25. It takes 6 seeds or more.',
    );
  });

  it('calls it more than chance where six seeds agree', () => {
    const pairs = [0.91, 0.92, 0.93, 0.91, 0.92, 0.93].map((alone) => [alone, alone + 0.02] as const);
    const found = compareSeeds(pairs, figure('accuracy'));
    expect(found?.p).toBe(2 / 64);
    expect(found?.words).toContain('better by 2.00 percentage points (standard deviation 0.00');
    expect(found?.words).toContain(
      'That is more than chance (sign-flip test of the 6 differences, p = 0.031).',
    );
  });

  it('says what may be chance, and on which side', () => {
    const pairs = [-3, 1, 2, -4, 0, -1, 1].map((gain) => [50, 50 - gain] as const);
    const found = compareSeeds(pairs, figure('errors'));
    expect(found?.words).toContain(
      'with 3 of 7 seeds, worse with 3 and as good with 1. On average it is worse by',
    );
    expect(found?.words).toContain('That may be chance');
  });

  it('compares nothing where a figure is missing', () => {
    expect(compareSeeds([[1, NaN]], figure('errors'))).toBeUndefined();
    expect(compareSeeds([], figure('errors'))).toBeUndefined();
  });
});

describe('spreadOf', () => {
  it('is the sample standard deviation, and none for one value', () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({ mean: 5, count: 8 });
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])?.deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(spreadOf([3, null, NaN])).toEqual({ mean: 3, deviation: null, count: 1 });
    expect(spreadOf([null])).toBeUndefined();
  });
});

describe('the report of a series', () => {
  const run = (seed: number, validation: number, errors: number) => ({
    seed,
    folder: `../<b>-${seed}`,
    validation,
    teacher: null,
    baseline: { errors: errors + 2 },
    student: { errors },
    failure: null,
  });
  const point = (rate: unknown, validation: number) => {
    const runs = [run(1, validation, 12), run(2, validation + 2, 10)];
    const of = (add: number) => ({ errors: { mean: 11 + add, deviation: Math.SQRT2, count: 2 } });
    return {
      values: { 'train.rate': rate },
      runs,
      validation: validation + 1,
      teacher: null,
      baseline: of(2),
      student: of(0),
      comparison: null,
    };
  };
  const summary: SeriesSummary = {
    seriesFormat: 1,
    name: 'tiny',
    hash: 'abc',
    seeds: [1, 2],
    paths: ['train.rate'],
    task: 'classification',
    primary: 'errors',
    columns: ['errors', 'accuracy'],
    figures,
    evaluatedOn: 'test',
    points: [point(0.001, 20), point('<script>', 8), point(0.1, 14)],
    best: { point: 1, seed: 1, folder: '../<b>-1', validation: 8 },
    exports: [],
    seconds: 1,
  };
  const render = (changed: Partial<SeriesSummary> = {}) =>
    renderSeriesReport({
      file: 'report.html',
      description: undefined,
      summary: { ...summary, ...changed },
      recipe: 'name: <i>',
      finishedAt: 0,
    });

  it('has the points with the best on validation data first, and every run with its report', async () => {
    const page = await render();
    const rows = [...page.matchAll(/<tr>\s*<td>([^<]*)<\/td>\s*<td>(\d[^<]*)<\/td>/g)].map(
      (match) => match[1],
    );
    expect(rows.slice(0, 3)).toEqual(['&lt;script&gt;', '0.1', '0.001']);
    expect(page).toContain('href="../&lt;b&gt;-1/report.html"');
    expect(page).toContain('11.0 ± 1.4');
    expect(page).toContain('8 errors on validation data, the best of all seeds');
  });

  it('escapes what it shows', async () => {
    const page = await render();
    expect(page).not.toMatch(/<script|<b>|<i>/);
  });

  it('draws a chart over each swept setting, or over the seeds', async () => {
    const charts = (page: string) =>
      [...page.matchAll(/role="img" aria-label="([^"]*)"/g)].map((match) => match[1]);
    expect(charts(await render())).toEqual([
      expect.stringContaining('Errors by train.rate. 0.001: 20; 0.001: 22'),
    ]);
    const seeds = { paths: [], points: summary.points.slice(0, 1), best: { ...summary.best, point: 0 } };
    expect(charts(await render(seeds))).toEqual([
      'Errors by seed. seed 1, Student alone: 14; seed 1, Student: 12; seed 2, Student alone: 12; seed 2, Student: 10',
    ]);
  });
});
