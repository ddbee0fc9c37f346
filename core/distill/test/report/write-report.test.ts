// The report of a made-up run: what stands in it, and what must never.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Section, SectionInput } from 'potstill';
import { html } from '../../src/report/html.js';
import type { ReportInput } from '../../src/report/report-input.js';
import { renderReport, writeReport } from '../../src/report/write-report.js';
import { openElements } from './open-elements.js';
import { barDataset, evaluations, syntheticRun } from './synthetic-run.js';
import { textOf } from './text-of.js';

let folder: string;
let input: ReportInput;
let page: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-report-'));
  input = await syntheticRun(join(folder, 'report.html'), 500);
  page = await renderReport(input);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Without a key; `undefined` as a value is not the same under exactOptionalPropertyTypes. */
function without<K extends keyof ReportInput>(...keys: K[]): Omit<ReportInput, K> {
  return Object.fromEntries(
    Object.entries(input).filter(([key]) => !(keys as string[]).includes(key)),
  ) as Omit<ReportInput, K>;
}

/** The text that a reader sees, charts left out. */
function wordsOf(page: string): string {
  return textOf(page.replaceAll(/<(style|svg)[\s\S]*?<\/\1>/g, ' '));
}

/** The sections of a page by their anchors, in order. */
function sectionsOf(page: string): string[] {
  return [...page.matchAll(/<section id="([^"]*)">/g)].map(([, id]) => id ?? '');
}

describe('writeReport', () => {
  it('writes one file under the name asked for and returns it', async () => {
    const file = join(folder, 'deep', 'report.html');
    expect(await writeReport({ ...input, file })).toBe(file);
    expect(await readFile(file, 'utf8')).toBe(page);
    expect(await readdir(join(folder, 'deep'))).toEqual(['report.html']);
  });

  it('says in words what was found, with the numbers: 14 against 24 errors may be chance', () => {
    expect(wordsOf(page)).toContain(
      'No difference beyond chance: 14 errors for the distilled student, 24 for the student alone, 6 for the teacher on 500 test examples (p = 0.14).',
    );
    expect(page).not.toContain('closes');
  });

  it('claims a share of the gap where there are examples enough', async () => {
    const text = await renderReport(await syntheticRun(input.file, 2000));
    expect(wordsOf(text)).toMatch(/Distillation helped: .*\(p &lt; 0\.001\)\. It closes \d\d % of the gap/);
  });

  it('has every number of the table', () => {
    const text = wordsOf(page);
    for (const model of [input.teacher, input.baseline, input.student]) {
      const accuracy = Number(model?.evaluation?.figures.accuracy);
      expect(text).toContain(`${(100 * accuracy).toFixed(2)} %`);
    }
    for (const expected of ['2,395,210', '1,276,810', '9.6 MB', '5.1 MB', '0.412 ms', 'Top-5 accuracy'])
      expect(text).toContain(expected);
  });

  it('has the recipe, the seed, the versions, the machine, the exports and the times', () => {
    const text = wordsOf(page);
    for (const expected of [
      'use: soft-targets, weight: 0.7, temperature: 4',
      'seed 7',
      '@tensorflow/tfjs 4.22.0',
      'A processor at 2 GHz',
      'exports/student.onnx',
      '1 min 58 s',
      'their order could not be compared',
      'DATA_SKIPPED',
    ])
      expect(text).toContain(expected);
  });

  it('draws curves, the reliability diagram, matrices and pictures', () => {
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(3);
    expect(page.match(/<table class="matrix/g)).toHaveLength(3);
    expect(page.match(/src="data:image\/png;base64,/g)?.length).toBeGreaterThan(0);
    expect(page).toContain(
      'aria-label="Accuracy by epoch: Student alone from 82.00 % to 95.16 %; Distilled from 86.00 % to 97.70 %"',
    );
  });

  it('names source and licence of a teacher from outside', async () => {
    expect(page).not.toContain('licence');
    const teacher = { ...input.teacher, source: 'a model zoo', licence: 'Apache-2.0' };
    const text = await renderReport({ ...input, teacher });
    expect(text).toMatch(/source<\/th>\s*<td class="text">a model zoo/);
    expect(text).toMatch(/licence<\/th>\s*<td class="text">Apache-2\.0/);
  });

  it('loads nothing: no address, no script, and a policy that forbids both', () => {
    expect(page).not.toMatch(/https?:/);
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(/);
    const sources = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, source]) => source ?? '');
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect(source).toMatch(/^data:image\/png;base64,/);
    expect(page).toContain("default-src 'none'");
  });

  it('is well formed, every picture described', () => {
    expect(openElements(page)).toEqual([]);
    for (const [image] of page.matchAll(/<img[\s\S]*?>/g))
      expect(image).toMatch(/alt="example \d+, true class \w+, predicted \w+"/);
  });

  it('is the same bytes for the same run', async () => {
    expect(await renderReport(await syntheticRun(input.file, 500))).toBe(page);
  });

  it('escapes names that come from users, wherever they stand', async () => {
    const hostile = '<img src=x onerror="alert(1)">\'&`\u0000';
    const test = barDataset(300, [
      hostile,
      '</td></table>',
      ...Array.from({ length: 8 }, (_, i) => `"${i}"`),
    ]);
    const models = await evaluations(test);
    const text = await renderReport({
      ...input,
      test: { ...test, source: hostile },
      name: hostile,
      description: hostile,
      recipe: { yaml: `name: ${hostile}`, hash: hostile },
      teacher: { ...input.teacher, title: hostile, evaluation: models.teacher },
      baseline: {
        ...input.baseline,
        evaluation: models.baseline,
        epochs: [{ epoch: 1, values: { [hostile]: 1 } }],
      },
      student: { ...input.student, evaluation: models.student },
      preflight: [{ level: 'warning', code: hostile, message: hostile, hint: hostile }],
      warnings: [{ code: hostile, message: hostile }],
      versions: { [hostile]: hostile },
      timings: [{ stage: hostile, seconds: 1 }],
      exports: [{ kind: hostile, path: hostile, sha256: hostile, bytes: 1, maxDifference: null }],
    });
    expect(text).not.toMatch(/<img src=x|onerror="|<\/td><\/table>/);
    expect(text).not.toContain('\u0000');
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;');
    expect(openElements(text)).toEqual([]);
  });

  it('stands without teacher, baseline, curves, checks and times', async () => {
    const bare = { ...without('teacher', 'baseline', 'preflight', 'warnings', 'timings', 'exports', 'data') };
    const { evaluation } = input.student;
    const text = await renderReport({ ...bare, student: evaluation === undefined ? {} : { evaluation } });
    expect(openElements(text)).toEqual([]);
    expect(wordsOf(text)).toMatch(/The student has \d+ errors on 500 test examples\./);
    expect(wordsOf(text)).toMatch(/Mistakes The student is wrong on 14 examples\./);
    expect(text).not.toContain('Learning curves');
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('stands when nothing was measured', async () => {
    const text = await renderReport({ ...without('teacher', 'baseline'), student: {} });
    expect(openElements(text)).toEqual([]);
    expect(wordsOf(text)).toContain('nothing was measured');
  });

  it('stands for an empty test set', async () => {
    const test = barDataset(0);
    const { teacher, student } = await evaluations(test);
    const text = await renderReport({
      ...without('baseline'),
      test,
      teacher: { evaluation: teacher },
      student: { evaluation: student },
    });
    expect(openElements(text)).toEqual([]);
    expect(text).not.toMatch(/NaN|undefined/);
  });

  it('stays small for a thousand classes', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `class-${i}`);
    const test = barDataset(3000, labels);
    const { student } = await evaluations(test);
    const text = await renderReport({
      ...without('teacher', 'baseline'),
      test,
      student: { evaluation: student },
    });
    expect(text.length).toBeLessThan(400_000);
  });

  it('has the results first, then what task and metrics contribute, then how the run went', () => {
    expect(sectionsOf(page)).toEqual([
      'summary',
      'trade-off',
      'classes',
      'mistakes',
      'confusion',
      'calibration',
      'curves',
      'checks',
      'details',
    ]);
  });

  it('takes contributed sections in their order, and leaves out those that have nothing to show', async () => {
    const seen: SectionInput[] = [];
    const section = (id: string, title = id): Section => ({
      id,
      title,
      body: html`<p id="${id}-body">drawn</p>`,
    });
    const text = await renderReport({
      ...input,
      sections: [
        () => section('zebra', 'Boxes & <more>'),
        () => undefined,
        (given) => {
          seen.push(given);
          return Promise.resolve(section('apple'));
        },
        () => Promise.resolve(undefined),
      ],
    });
    expect(sectionsOf(text)).toEqual([
      'summary',
      'trade-off',
      'zebra',
      'apple',
      'curves',
      'checks',
      'details',
    ]);
    expect(text).toContain('<p id="zebra-body">drawn</p>');
    expect(text).toContain('<h2>Boxes &amp; &lt;more&gt;</h2>');
    expect(openElements(text)).toEqual([]);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.models.map(({ role, name }) => `${role}: ${name}`)).toEqual([
      'teacher: Teacher',
      'baseline: Student alone',
      'student: Distilled',
    ]);
    expect(seen[0]?.data).toBe(input.test);
    expect(seen[0]?.figures).toBe(input.figures);
  });

  it('escapes contributed sections that only look like HTML, and whatever they insert', async () => {
    const forged = { text: '<script>alert(1)</script>' };
    const hostile = '"><script>alert(2)</script>';
    const text = await renderReport({
      ...input,
      sections: [
        () => ({ id: 'forged', title: 'Forged', body: forged }),
        () => ({
          id: hostile,
          title: hostile,
          body: html`<p title="${hostile}">${hostile}${[forged, [forged]]}</p>`,
        }),
      ],
    });
    expect(text).not.toContain('<script');
    expect(text).toContain('<h2>Forged</h2>\n    &lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain('<section id="&quot;&gt;&lt;script&gt;alert(2)&lt;/script&gt;">');
    expect(text.match(/&lt;script&gt;alert\(1\)/g)).toHaveLength(3);
    expect(openElements(text)).toEqual([]);
  });
});
