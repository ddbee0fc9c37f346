// Sections and charts of a report, each with the numbers that a reader must find there.
import { beforeAll, describe, expect, it } from 'vitest';
import type { PerExample, ReportModel } from 'potstill';
import { lineChart, scaleOf } from '../../src/report/charts/index.js';
import type { ReportInput } from '../../src/report/report-input.js';
import { curvesSection } from '../../src/report/sections/curves.js';
import { ratesSection } from '../../src/report/sections/rates.js';
import { summarySection } from '../../src/report/sections/summary.js';
import { tradeOffSection } from '../../src/report/sections/trade-off.js';
import { accuracyFigures, evaluated, figure, measured, scored } from './models.js';
import { syntheticRun } from './synthetic-run.js';
import { textOf } from './text-of.js';

let input: ReportInput;

beforeAll(async () => {
  input = await syntheticRun('report.html', 2000);
});

/** The labels of a chart's axes. */
function tickLabels(html: string): string[] {
  return [...html.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
}

describe('summary', () => {
  it('starts the dots of errors at zero, however close they lie', () => {
    const close: ReportInput = {
      ...input,
      teacher: measured({ errors: 1000 }),
      baseline: measured({ errors: 1010 }),
      student: measured({ errors: 1005 }),
    };
    const html = summarySection(close).body.text;
    const lefts = [...html.matchAll(/dot \w+" style="left:([\d.]+)%/g)].map(([, left]) => Number(left));
    expect(lefts).toHaveLength(3);
    for (const left of lefts) expect(left).toBeGreaterThan(95);
    expect(textOf(/<div class="ends">[\s\S]*?<\/div>/.exec(html)?.[0])).toBe('0');
  });

  /** The bold cells of the table. */
  const bold = (run: ReportInput) =>
    [...summarySection(run).body.text.matchAll(/<td class="better">([^<]*)/g)].map(([, text]) => text);

  it('marks the better student only where the direction of a figure is known', () => {
    const models = { baseline: measured({ map: 0.4 }), student: measured({ map: 0.5 }) };
    const of = (better: 'lower' | 'higher' | null) =>
      bold({ ...input, ...models, figures: [figure('map', better)] });
    expect(of(null)).toEqual([]);
    expect(of('higher')).toEqual(['0.50']);
    expect(of('lower')).toEqual(['0.40']);
  });

  it('marks the better student of a tested figure only beyond chance, of an untested one always', () => {
    const values = (shifts: readonly number[]) => shifts.map((shift, at) => at + shift);
    const run = (shifts: readonly number[]): ReportInput => ({
      ...input,
      compare: undefined,
      figures: [figure('score', 'higher')],
      baseline: scored('score', 'higher', values(shifts.map(() => 0))),
      student: scored('score', 'higher', values(shifts)),
    });
    // Ten examples of ten: p = 2 / 2^10. Nine up and one far down: as far from 0 more often than not.
    expect(bold(run(new Array<number>(10).fill(1)))).toEqual(['5.5']);
    const mixed = run([1, 1, 1, 1, 1, 1, 1, 1, 1, -6]);
    expect(bold(mixed)).toEqual([]);
    const untested = (model: ReportModel | undefined): ReportModel => ({
      evaluation: evaluated(10, model?.evaluation?.figures ?? {}),
    });
    expect(bold({ ...mixed, baseline: untested(mixed.baseline), student: untested(mixed.student) })).toEqual([
      '4.8',
    ]);
    expect(
      bold({ ...mixed, baseline: measured({ score: Infinity }), student: measured({ score: Infinity }) }),
    ).toEqual([]);
  });

  it('tests each figure by its own numbers', () => {
    // All examples differ in `a`, by chance in `b`.
    const of = (shift: number): ReportModel => {
      const numbers = (name: string, values: readonly number[]): Record<string, PerExample> => ({
        [name]: { figures: [name], better: 'higher', values: Float64Array.from(values) },
      });
      const ten = Array.from({ length: 10 }, (_, at) => at);
      const perExample = {
        ...numbers(
          'a',
          ten.map((value) => value + shift),
        ),
        ...numbers(
          'b',
          ten.map((value) => value + (value === 0 ? shift : 0)),
        ),
      };
      return { evaluation: evaluated(10, { a: 4.5 + shift, b: 4.5 + shift / 10 }, { perExample }) };
    };
    const figures = [figure('a', 'higher'), figure('b', 'higher')];
    expect(bold({ ...input, compare: undefined, figures, baseline: of(0), student: of(1) })).toEqual(['5.5']);
  });

  it('has title and help of a figure, and no help where there is none', () => {
    const models = { baseline: measured({ map: 0.4 }), student: measured({ map: 0.5 }) };
    const text = (more: object) =>
      summarySection({ ...input, ...models, figures: [figure('map', 'higher', more)] }).body.text;
    expect(textOf(text({ title: 'Precision', help: 'mean average precision' }))).toContain(
      'Precision mean average precision',
    );
    expect(text({})).toMatch(/<th scope="row">map<\/th>/);
  });

  it('has the figures in the order of the metrics, each in its unit, without those that were not measured', () => {
    const rows = (run: ReportInput) =>
      [...summarySection(run).body.text.matchAll(/<tr>\s*<th scope="row">([^<]*)/g)].map(
        ([, title]) => title,
      );
    expect(rows(input)).toEqual([
      'Errors',
      'Accuracy',
      'Top-5 accuracy',
      'Cross-entropy',
      'Agreement with teacher',
      'Divergence from teacher',
      'Calibration error',
      'Parameters',
      'File size',
      'Latency',
    ]);
    const figures = [
      figure('wait', 'lower', { unit: 'seconds' }),
      figure('f1', 'higher', { unit: 'share' }),
      figure('words', null, { unit: 'count' }),
      figure('gone', null),
      ...accuracyFigures,
    ];
    const student = measured({ words: 12345, f1: 0.5, wait: 72, count: 100 });
    const { teacher: _teacher, baseline: _baseline, ...rest } = input;
    const run: ReportInput = { ...rest, student, figures };
    expect(rows(run)).toEqual(['wait', 'f1', 'words']);
    expect(textOf(summarySection(run).body.text)).toContain('wait 1 min 12 s f1 50.00 % words 12,345');
  });

  it('marks no better student where the errors may differ by chance', async () => {
    const few = await syntheticRun('report.html', 500);
    const row = /Errors<small>[\s\S]*?<\/tr>/.exec(summarySection(few).body.text)?.[0];
    expect(row).toBeDefined();
    expect(row).not.toContain('better');
    const many = /Errors<small>[\s\S]*?<\/tr>/.exec(summarySection(input).body.text)?.[0];
    expect(many).toContain('class="better"');
  });

  it('shows the learning rates that were chosen', () => {
    const search = (stage: 'baseline' | 'student', chosen: number) => ({
      stage,
      figure: 'errors',
      candidates: [{ rate: chosen, figure: 1 }],
      chosen,
    });
    const rated = { ...input, rateSearch: [search('baseline', 0.01), search('student', 0.003)] };
    expect(textOf(summarySection(rated).body.text)).toContain(
      'Learning rate highest during training, chosen on validation data – 0.01 0.003',
    );
    expect(textOf(summarySection(input).body.text)).not.toContain('Learning rate');
  });
});

describe('quality, size and speed', () => {
  it('shows all models with their numbers in the text alternatives', async () => {
    const html = (await tradeOffSection(input))?.body.text ?? '';
    expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(2);
    expect(html).toContain(
      'aria-label="Errors against file size. Teacher: 25, 9.6 MB; Student alone: 90, 5.1 MB; Distilled: 44, 5.1 MB"',
    );
    expect(html).toContain('Teacher: 25, 0.412 ms');
  });

  it('takes parameters where a file is missing, and is left out where nothing is known', async () => {
    const bare = (errors: number, parameters?: number) =>
      measured({ errors }, parameters === undefined ? {} : { parameters });
    const models = { teacher: bare(3, 2_000_000), baseline: bare(9, 50_000), student: bare(5, 50_000) };
    const html = (await tradeOffSection({ ...input, ...models }))?.body.text ?? '';
    expect(html).toContain('Errors against parameters. Teacher: 3, 2,000,000');
    expect(tickLabels(html)).toContain('parameters, millions');
    const none = { teacher: bare(3), baseline: bare(9), student: bare(5) };
    expect(await tradeOffSection({ ...input, ...none })).toBeUndefined();
  });
});

describe('charts', () => {
  it('writes plain numbers on axes: no exponents, thousands separated', async () => {
    for (const top of [80, 90_000, 0.0004]) {
      const points = [1, 2, 3].map((epoch) => ({ model: 'Student', epoch, value: (top * epoch) / 3 }));
      const models = [{ role: 'student', name: 'Student', model: {} }] as const;
      const drawn = await lineChart({ models, points, unit: 'number', description: '' });
      const labels = tickLabels(drawn.text).filter((label) => label !== 'epoch');
      expect(labels.length).toBeGreaterThan(4);
      for (const label of labels) expect(label).toMatch(/^\d{1,3}(,\d{3})*(\.\d+)?$/);
    }
  });

  it('scales any values without dividing by zero', () => {
    expect(scaleOf([], true)).toEqual({ start: 0, end: 1 });
    expect(scaleOf([0, 0], true)).toEqual({ start: 0, end: 1 });
    const { start, end } = scaleOf([0.5, 0.5], false);
    expect(start).toBeLessThan(0.5);
    expect(end).toBeGreaterThan(0.5);
  });
});

describe('learning curves', () => {
  it('gives each training loss an axis of its own', async () => {
    const html = (await curvesSection(input))?.body.text ?? '';
    expect(html).toContain('Training loss, student alone');
    expect(html).toContain('Training loss, distilled');
    expect(html).toContain('aria-label="Training loss by epoch: Distilled from 2.484 to 0.2428"');
    expect(html).toContain('aria-label="Accuracy by epoch: Student alone from');
  });
});

describe('learning curves of special runs', () => {
  const trained = (epochs: number, parts: readonly string[]): ReportModel => ({
    epochs: Array.from({ length: epochs }, (_, at) => ({
      epoch: at + 1,
      values: { loss: 1 / (at + 1), ...Object.fromEntries(parts.map((part) => [`loss.${part}`, at])) },
    })),
  });

  it('draws no chart of a single epoch, and no loss part that is the whole loss', async () => {
    const drawn = async (student: ReportModel) => {
      const { baseline: _, ...rest } = input;
      const html = (await curvesSection({ ...rest, student }))?.body.text ?? '';
      return [...html.matchAll(/<figcaption>([^<]*)/g)].map(([, title]) => title);
    };
    expect(await drawn(trained(1, []))).toEqual([]);
    expect(await drawn(trained(3, ['soft-targets']))).toEqual(['Training loss, distilled']);
    expect(await drawn(trained(3, ['soft-targets', 'hints']))).toEqual([
      'Training loss, distilled',
      'Training loss: soft-targets, distilled',
      'Training loss: hints, distilled',
    ]);
  });
});

describe('learning rates', () => {
  it('shows what was tried and what was chosen', () => {
    const rateSearch = [
      {
        stage: 'student',
        figure: 'errors',
        candidates: [
          { rate: 0.001, figure: 1210 },
          { rate: 0.003, figure: 950 },
          { rate: 0.1, figure: null },
        ],
        chosen: 0.003,
      },
    ] as const;
    expect(textOf(ratesSection({ ...input, rateSearch })?.body.text)).toContain(
      'Distilled Rate Errors 0.001 1,210 0.003 950 chosen 0.1 not finite',
    );
    expect(ratesSection(input)).toBeUndefined();
  });
});
