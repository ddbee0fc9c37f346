// The sections of classifiers, each with the numbers that a reader must find there.
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReportModel } from 'potstill';
import { sectionInput, shownModels } from '../../../src/report/models.js';
import type { ReportInput } from '../../../src/report/report-input.js';
import { resultsByClass } from '../../../src/tasks/classification/by-class.js';
import { calibrationSection } from '../../../src/tasks/classification/sections/calibration.js';
import { classesSection } from '../../../src/tasks/classification/sections/classes.js';
import { confusionSection } from '../../../src/tasks/classification/sections/confusion.js';
import { mistakesSection } from '../../../src/tasks/classification/sections/mistakes.js';
import { answered, measured } from '../../report/models.js';
import { barDataset, evaluations, syntheticRun } from '../../report/synthetic-run.js';
import { textOf } from '../../report/text-of.js';

let input: ReportInput;

beforeAll(async () => {
  input = await syntheticRun('report.html', 500);
});

describe('results by class', () => {
  /** A model that answers all of class 0 right, and `right` of class 1; 100 examples of each. */
  function model(right: number): ReportModel {
    const truth = Int32Array.from({ length: 200 }, (_, at) => (at < 100 ? 0 : 1));
    return answered(
      truth,
      truth.map((target, at) => (target === 1 && at - 100 >= right ? 0 : target)),
    );
  }

  const run = (teacher: number, baseline: number, student: number) => ({
    ...input,
    test: barDataset(0, ['cat', 'dog']),
    teacher: model(teacher),
    baseline: model(baseline),
    student: model(student),
  });

  it('has count, recall of each model and marks what is beyond chance, the worst class first', () => {
    const better = textOf(classesSection(sectionInput(run(90, 50, 80)))?.body.text);
    expect(better).toContain('better beyond chance in 1 class ( dog ) and worse in no class');
    expect(better).toContain('dog 100 90.0 % 50.0 % 80.0 % ▲ better cat 100 100.0 % 100.0 % 100.0 %');
    expect(textOf(classesSection(sectionInput(run(90, 80, 50)))?.body.text)).toContain('50.0 % ▼ worse');
    expect(textOf(classesSection(sectionInput(run(90, 80, 81)))?.body.text)).toContain(
      'In no class does the distilled student differ from the student alone beyond chance.',
    );
  });

  it('corrects for the number of classes', () => {
    // One class alone: 6 against 0 gives p = 0.031. Beside 20 others it is not beyond chance.
    const answers = (classes: number, wrong: number) => {
      const truth = Int32Array.from({ length: classes * 10 }, (_, at) => Math.floor(at / 10));
      return answered(
        truth,
        truth.map((target, at) => (at < wrong ? classes : target)),
      );
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
    const html = classesSection(sectionInput(run))?.body.text ?? '';
    expect(textOf(html)).toContain('28 more classes');
    expect(html.split('<details>')[0]?.match(/<th scope="row">/g)).toHaveLength(12);
    expect(classesSection(sectionInput({ ...input, student: measured({ errors: 3 }) }))).toBeUndefined();
  });
});

describe('long class names', () => {
  it('are cut, with the whole name in a tooltip, never broken', async () => {
    const long = 'an extraordinarily long class name of a scientific collection';
    const labels = [long, ...Array.from({ length: 9 }, (_, at) => String(at))];
    const html =
      classesSection(sectionInput(await syntheticRun('report.html', 300, labels)))?.body.text ?? '';
    expect(html).toContain(`<bdi class="clip" title="${long}">${long}</bdi>`);
    expect(html).toContain('<bdi>3</bdi>');
  });
});

describe('confusion', () => {
  it('has one matrix a model, the student first', () => {
    const html = confusionSection(sectionInput(input))?.body.text ?? '';
    expect([...html.matchAll(/aria-label="Confusion matrix, ([^"]*)"/g)].map(([, name]) => name)).toEqual([
      'Distilled',
      'Student alone',
      'Teacher',
    ]);
  });

  it('has the counts in the cells, the truth in rows', () => {
    const student = measured({ errors: 1 });
    const confusion = [
      [1200, 3],
      [0, 7],
    ];
    const evaluation = student.evaluation && { ...student.evaluation, artefacts: { confusion } };
    if (!evaluation) throw new Error('not evaluated');
    const test = barDataset(0, ['cat', 'dog']);
    const { teacher: _teacher, baseline: _baseline, ...rest } = input;
    const section = confusionSection(sectionInput({ ...rest, test, student: { evaluation } }));
    expect(textOf(section?.body.text)).toContain('true ↓ predicted → cat dog cat 1,200 3 dog 7');
  });

  it('lists the most confused pairs where the classes are too many for a matrix', async () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `class-${i}`);
    const test = barDataset(3000, labels);
    const { student } = await evaluations(test);
    const { teacher: _teacher, baseline: _baseline, ...rest } = input;
    const section = confusionSection(sectionInput({ ...rest, test, student: { evaluation: student } }));
    const html = section?.body.text ?? '';
    expect(html).not.toContain('class="matrix');
    expect(textOf(html)).toContain('1,000 classes are too many for a matrix');
    expect(textOf(html)).toMatch(/class-\d+ class-\d+ \d/);
  });

  it('is left out where no matrix was counted', () => {
    const { teacher: _teacher, baseline: _baseline, ...rest } = input;
    expect(confusionSection(sectionInput({ ...rest, student: measured({ errors: 3 }) }))).toBeUndefined();
  });
});

describe('mistakes', () => {
  it('shows pictures of what the student alone gets wrong, the most confident first, with both answers', async () => {
    const section = await mistakesSection(sectionInput(input));
    expect(section?.title).toBe('Mistakes that the teacher does not make');
    const html = section?.body.text ?? '';
    const shown = html.match(/<figure class="picture">/g)?.length ?? 0;
    expect(shown).toBeGreaterThan(3);
    expect(textOf(html)).toMatch(
      new RegExp(`^The student is wrong and the teacher right on ${shown} examples, the other way round on`),
    );
    const sure = [...html.matchAll(/key student"><\/span><bdi>\w+<\/bdi\s*><b>([\d.]+) %/g)].map(([, text]) =>
      Number(text),
    );
    expect(sure).toHaveLength(shown);
    expect(sure).toEqual([...sure].sort((a, b) => b - a));
    expect(html.match(/key teacher/g)).toHaveLength(shown);
  });

  it('shows no pictures of data that are none, but counts the mistakes', async () => {
    const spec = { ...input.test.spec, image: { dtype: 'float32', shape: [784] } } as const;
    const section = await mistakesSection(sectionInput({ ...input, test: { ...input.test, spec } }));
    expect(section?.body.text).not.toContain('<img');
    expect(textOf(section?.body.text)).toMatch(/The student is wrong and the teacher right on \d+ examples/);
  });

  it('does not compare with a teacher that answered other examples', async () => {
    const teacher = answered(new Int32Array(3), new Int32Array(3));
    const section = await mistakesSection(sectionInput({ ...input, teacher }));
    expect(section?.title).toBe('Mistakes');
    expect(textOf(section?.body.text)).toMatch(/^The student is wrong on 14 examples\./);
  });

  it('is left out where answers were not kept', async () => {
    const student = measured({ errors: 3 });
    expect(await mistakesSection(sectionInput({ ...input, student }))).toBeUndefined();
  });
});

describe('calibration', () => {
  it('draws a line a model and has the error of each', async () => {
    const html = (await calibrationSection(sectionInput(input)))?.body.text ?? '';
    const errors = ['teacher', 'baseline', 'student'] as const;
    for (const role of errors) {
      const error = input[role]?.evaluation?.figures.calibrationError;
      expect(textOf(html)).toContain(`${(100 * Number(error)).toFixed(2)} % calibration error`);
    }
    expect(html).toContain('aria-label="Reliability diagram. Teacher: calibration error ');
  });

  it('is left out where calibration was not measured', async () => {
    const { teacher: _teacher, baseline: _baseline, ...rest } = input;
    const student = measured({ errors: 3 });
    expect(await calibrationSection(sectionInput({ ...rest, student }))).toBeUndefined();
  });
});
