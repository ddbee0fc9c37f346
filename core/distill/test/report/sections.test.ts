// Sections and charts of a report, each with the numbers that a reader must find there.
import { beforeAll, describe, expect, it } from 'vitest';
import { resultsByClass } from '../../src/report/by-class.js';
import { lineChart, scaleOf } from '../../src/report/charts/index.js';
import { shownModels } from '../../src/report/models.js';
import type { ReportInput, ReportModel } from '../../src/report/report-input.js';
import { classesSection } from '../../src/report/sections/classes.js';
import { curvesSection } from '../../src/report/sections/curves.js';
import { ratesSection } from '../../src/report/sections/rates.js';
import { summarySection } from '../../src/report/sections/summary.js';
import { tradeOffSection } from '../../src/report/sections/trade-off.js';
import { barDataset, syntheticRun } from './synthetic-run.js';

let input: ReportInput;

beforeAll(async () => {
  input = await syntheticRun('report.html', 2000);
});

/** What a reader sees, tags taken out and spaces joined. */
function textOf(html: string | undefined): string {
  return (html ?? '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** The labels of a chart's axes. */
function tickLabels(html: string): string[] {
  return [...html.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
}

const measured = (values: Record<string, number>, more: Partial<ReportModel> = {}): ReportModel => ({
  evaluation: { count: 100, values },
  ...more,
});

describe('summary', () => {
  it('starts the dots of errors at zero, however close they lie', () => {
    const close = {
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

  it('marks the better student of a custom metric only when its direction is known', () => {
    const models = { baseline: measured({ map: 0.4 }), student: measured({ map: 0.5 }) };
    const bold = (custom: ReportInput['customValues']) =>
      summarySection({ ...input, ...models, ...(custom ? { customValues: custom } : {}) }).body.text.match(
        /<td class="better">[^<]*/g,
      );
    expect(bold(undefined)).toBeNull();
    expect(bold({ map: { better: 'higher' } })).toEqual(['<td class="better">0.50']);
    expect(bold({ map: { better: 'lower' } })).toEqual(['<td class="better">0.40']);
  });

  it('has the help of a custom metric, or none', () => {
    const models = { baseline: measured({ map: 0.4 }), student: measured({ map: 0.5 }) };
    const help = 'mean average precision';
    expect(
      textOf(summarySection({ ...input, ...models, customValues: { map: { help } } }).body.text),
    ).toContain(`map ${help}`);
    expect(summarySection({ ...input, ...models }).body.text).toMatch(/<th scope="row">map<\/th>/);
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

describe('results by class', () => {
  /** A model that answers all of class 0 right, and `right` of class 1; 100 examples of each. */
  function model(right: number): ReportModel {
    const indices = Int32Array.from({ length: 200 }, (_, at) => at);
    const truth = indices.map((at) => (at < 100 ? 0 : 1));
    const predicted = truth.map((target, at) => (target === 1 && at - 100 >= right ? 0 : target));
    const predictions = { indices, truth, predicted, confidence: new Float32Array(200) };
    return { evaluation: { count: 200, values: { errors: 100 - right }, predictions } };
  }

  const run = (teacher: number, baseline: number, student: number) => ({
    ...input,
    test: barDataset(0, ['cat', 'dog']),
    teacher: model(teacher),
    baseline: model(baseline),
    student: model(student),
  });

  it('has count, recall of each model and marks what is beyond chance, the worst class first', () => {
    const better = textOf(classesSection(run(90, 50, 80))?.body.text);
    expect(better).toContain('better beyond chance in 1 class ( dog ) and worse in no class');
    expect(better).toContain('dog 100 90.0 % 50.0 % 80.0 % ▲ better cat 100 100.0 % 100.0 % 100.0 %');
    expect(textOf(classesSection(run(90, 80, 50))?.body.text)).toContain('50.0 % ▼ worse');
    expect(textOf(classesSection(run(90, 80, 81))?.body.text)).toContain(
      'In no class does the distilled student differ from the student alone beyond chance.',
    );
  });

  it('corrects for the number of classes', () => {
    // One class alone: 6 against 0 gives p = 0.031. Beside 20 others it is not beyond chance.
    const answers = (classes: number, wrong: number) => {
      const indices = Int32Array.from({ length: classes * 10 }, (_, at) => at);
      const truth = indices.map((at) => Math.floor(at / 10));
      const predicted = truth.map((target, at) => (at < wrong ? classes : target));
      const predictions = { indices, truth, predicted, confidence: new Float32Array(indices.length) };
      return { evaluation: { count: indices.length, values: {}, predictions } };
    };
    const marked = (classes: number) =>
      resultsByClass(
        shownModels({ ...input, baseline: answers(classes, 6), student: answers(classes, 0) }),
      )?.classes.filter(({ difference }) => difference === 'better').length;
    expect(marked(1)).toBe(1);
    expect(marked(21)).toBe(0);
  });

  it('collapses long lists, and is left out where answers were not kept', async () => {
    const labels = Array.from({ length: 40 }, (_, at) => `class-${at}`);
    const run = await syntheticRun('report.html', 2000, labels);
    const html = classesSection(run)?.body.text ?? '';
    expect(textOf(html)).toContain('28 more classes');
    expect(html.split('<details>')[0]?.match(/<th scope="row">/g)).toHaveLength(12);
    expect(classesSection({ ...input, student: measured({ errors: 3 }) })).toBeUndefined();
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

describe('long class names', () => {
  it('are cut, with the whole name in a tooltip, never broken', async () => {
    const long = 'an extraordinarily long class name of a scientific collection';
    const labels = [long, ...Array.from({ length: 9 }, (_, at) => String(at))];
    const html = classesSection(await syntheticRun('report.html', 300, labels))?.body.text ?? '';
    expect(html).toContain(`<bdi class="clip" title="${long}">${long}</bdi>`);
    expect(html).toContain('<bdi>3</bdi>');
  });
});
