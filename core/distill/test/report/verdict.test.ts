// What a report says in words, case by case.
import { describe, expect, it } from 'vitest';
import type { ReportModel } from 'potstill';
import type { ReportInput } from '../../src/report/report-input.js';
import { judgingOf } from '../../src/report/report-input.js';
import { claimText, pText, verdictText } from '../../src/report/verdict-text.js';
import { verdictOf } from '../../src/report/verdict.js';
import { compareAnswers } from '../../src/tasks/classification/discordance.js';
import { accuracyFigures, answered, evaluated, figure, measured, scored } from './models.js';
import { barDataset } from './synthetic-run.js';

const n = 10_000;

/** A model that is wrong on the first `errors` examples from `from` on. */
function model(errors: number, from = 0, more: Partial<ReportModel> = {}): ReportModel {
  const truth = new Int32Array(n);
  return {
    ...answered(
      truth,
      truth.map((_, i) => (i >= from && i < from + errors ? 1 : 0)),
    ),
    ...more,
  };
}

type Models = Pick<ReportInput, 'student'> & Partial<ReportInput>;

function inputOf(models: Models): ReportInput {
  return {
    file: 'report.html',
    name: 'run',
    recipe: { yaml: '', hash: '' },
    seed: 1,
    finishedAt: 0,
    test: barDataset(0),
    figures: accuracyFigures,
    compare: compareAnswers,
    machine: { cpu: '', cores: 1, memoryBytes: 1, system: '', node: '' },
    versions: {},
    ...models,
  };
}

const say = (models: Models) => verdictText(inputOf(models));

function judge(models: Models) {
  const { teacher, baseline, student } = models;
  const evaluations = {
    teacher: teacher?.evaluation,
    baseline: baseline?.evaluation,
    student: student.evaluation,
  };
  return verdictOf(evaluations, judgingOf(inputOf(models)));
}

describe('verdict', () => {
  it('says that distillation helped, with the share of the gap, when both are more than chance', () => {
    const models = { teacher: model(67), baseline: model(146), student: model(74) };
    expect(say(models).headline).toBe(
      'Distillation helped: 74 errors for the distilled student, 146 for the student alone, 67 for the teacher ' +
        'on 10,000 test examples (p < 0.001). It closes 91 % of the gap to the teacher.',
    );
    expect(judge(models)).toMatchObject({ outcome: 'helped', closed: 72 / 79 });
  });

  it('never puts a share of the gap above a difference that may be chance', () => {
    // 100 wrong alone, 90 when distilled, on other examples: half the gap, p = 0.51.
    const models = { teacher: model(80), baseline: model(100), student: model(90, 5000) };
    const { headline, notes } = say(models);
    expect(headline).toMatch(/^No difference beyond chance: 90 errors .* \(p = 0\.51\)\.$/);
    expect(notes[0]).toMatch(
      /^Of 10,000 examples, 100 are answered right only by the distilled student and 90 only by the student alone \(McNemar’s exact test\)\. /,
    );
    expect(notes[0]).toMatch(/differ at least this much in 51 % of such tests/);
    expect(judge(models)).toMatchObject({ outcome: 'no-difference', closed: undefined });
  });

  it('claims no share of a gap that itself may be chance', () => {
    // The teacher makes 4 errors fewer than the student alone, on other examples.
    const models = { teacher: model(96, 5000), baseline: model(100), student: model(20) };
    const { headline, notes } = say(models);
    expect(headline).toMatch(/^Distillation helped: .*\(p < 0\.001\)\.$/);
    expect(headline).not.toContain('%');
    expect(notes[1]).toMatch(/^Teacher and student alone do not differ beyond chance/);
  });

  it('tells hurt from did not help', () => {
    const base = { teacher: model(67), baseline: model(146) };
    expect(judge({ ...base, student: model(190) }).outcome).toBe('hurt');
    expect(say({ ...base, student: model(190) }).headline).toMatch(/^Distillation hurt: 190 errors/);
    expect(judge({ ...base, student: model(150) }).outcome).toBe('no-difference');
    expect(say({ ...base, student: model(150) }).headline).toMatch(/^No difference beyond chance/);
    expect(judge({ ...base, student: model(146) }).outcome).toBe('no-difference');
  });

  it('says so when the labels teach better than the teacher, whatever distillation did', () => {
    for (const errors of [100, 150, 190]) {
      const { headline, notes } = say({ teacher: model(200), baseline: model(146), student: model(errors) });
      expect(headline).not.toContain('closes');
      expect(notes[1]).toMatch(/^The student alone is better than the teacher \(p < 0\.001\)/);
    }
  });

  it('says so when the student is better than its teacher, only beyond chance', () => {
    const base = { teacher: model(67), baseline: model(146) };
    expect(say({ ...base, student: model(40) }).headline).toMatch(
      /The distilled student is better than its teacher \(p < 0\.001\)\.$/,
    );
    expect(say({ ...base, student: model(66) }).headline).toMatch(
      /It closes the whole gap to the teacher\.$/,
    );
  });

  it('claims nothing about distillation without a baseline', () => {
    expect(say({ teacher: model(67), student: model(90) }).headline).toMatch(
      /is worse than its teacher.*Without a baseline there is no telling what distillation added\.$/,
    );
    expect(say({ teacher: model(67), student: model(68) }).headline).toContain(
      'does not differ from its teacher beyond chance',
    );
    expect(claimText(judge({ teacher: model(67), student: model(90) }))).toBeUndefined();
  });

  it('names the data that the examples are of', () => {
    expect(say({ student: model(1) }).headline).toBe('The student has 1 error on 10,000 test examples.');
    expect(say({ student: model(1), evaluatedOn: 'train' }).headline).toBe(
      'The student has 1 error on 10,000 training examples.',
    );
  });

  it('takes the figure asked for, and says that its difference was not tested', () => {
    const of = (map: number): ReportModel => ({ evaluation: evaluated(50, { map }) });
    const models = { teacher: of(0.6), baseline: of(0.4), student: of(0.5) };
    const figures = [figure('loss', 'lower'), figure('map', 'higher')];
    const { headline, notes } = say({ ...models, figures, primary: 'map' });
    expect(headline).toBe(
      'Not tested for chance: map 0.50 for the distilled student, 0.40 for the student alone, ' +
        '0.60 for the teacher on 50 test examples.',
    );
    expect(notes[0]).toContain('the difference may be chance');
  });

  it('takes the first figure with a direction where the one asked for was not measured', () => {
    const figures = [figure('words', null), figure('map', 'higher'), figure('loss', 'lower')];
    const student = measured({ words: 7, map: 0.5, loss: 2 });
    expect(say({ student, figures, primary: 'errors' }).headline).toBe(
      'The student has map 0.50 on 100 test examples.',
    );
    expect(say({ student, figures: figures.slice(0, 1) }).headline).toBe(
      'The student was trained, but nothing was measured that says how good it is.',
    );
  });

  it('does not lend the test of the answers to a figure that counts something else', () => {
    const other = (missed: number, from: number): ReportModel => {
      const { evaluation } = model(100, from);
      return evaluation ? { evaluation: { ...evaluation, figures: { ...evaluation.figures, missed } } } : {};
    };
    const models = { teacher: other(5, 0), baseline: other(50, 0), student: other(7, 500) };
    const figures = [...accuracyFigures, figure('missed', 'lower')];
    expect(judge({ ...models, figures, primary: 'missed' }).outcome).toBe('untested');
    expect(judge({ ...models, figures, primary: 'errors' }).outcome).toBe('no-difference');
  });

  it('tests any figure that has numbers an example, in its direction, by the mean difference', () => {
    // 12 examples, each 0.1 better with distillation: 2 of 2^12 patterns of signs are as far from 0.
    const of = (shift: number) =>
      scored(
        'score',
        'higher',
        Array.from({ length: 12 }, (_, at) => at / 10 + shift),
      );
    const models = { teacher: of(0.2), baseline: of(0), student: of(0.1) };
    const judged = (better: 'higher' | 'lower') => {
      const shared = { ...models, figures: [figure('score', better)], compare: undefined };
      return { ...judge(shared), ...say(shared) };
    };
    const { outcome, closed, distilled, headline, notes } = judged('higher');
    expect(outcome).toBe('helped');
    expect(distilled?.test?.p).toBe(2 / 2 ** 12);
    expect(closed).toBeCloseTo(0.5, 12);
    expect(headline).toBe(
      'Distillation helped: score 0.65 for the distilled student, 0.55 for the student alone, ' +
        '0.75 for the teacher on 12 test examples (p < 0.001). It closes 50 % of the gap to the teacher.',
    );
    expect(notes[0]).toBe(
      'Of 12 examples, 0 have a higher number with the student alone and 12 with the distilled student ' +
        '(sign-flip test of the mean difference). The test covers these examples, not other seeds.',
    );
    expect(judged('lower')).toMatchObject({ outcome: 'hurt', closed: undefined });
  });

  it('reads only what was measured, whatever a figure is called', () => {
    for (const name of ['valueOf', '__proto__']) {
      const figures = [figure(name, 'higher')];
      const models = { teacher: measured({}), baseline: measured({}), student: measured({}) };
      expect(judge({ ...models, figures }).outcome).toBe('not-compared');
      const known = measured({ [name]: 0.5 });
      expect(judge({ ...models, baseline: known, student: known, figures }).outcome).toBe('untested');
    }
  });

  it('compares only numbers of the same examples, and only where there are some', () => {
    const figures = [figure('score', 'higher')];
    const compare = undefined;
    const of = (values: readonly number[]) => scored('score', 'higher', values);
    const twelve = Array.from({ length: 12 }, (_, at) => at);
    const [teacher, baseline, student] = [of(twelve), of(twelve), of(twelve.map((value) => value + 1))];
    expect(judge({ teacher, baseline, student, figures, compare }).outcome).toBe('helped');
    const evaluation = student.evaluation && {
      ...student.evaluation,
      indices: student.evaluation.indices.map((index) => index + 1),
    };
    if (!evaluation) throw new Error('not evaluated');
    expect(judge({ teacher, baseline, student: { evaluation }, figures, compare }).outcome).toBe('untested');
    const unknown = of(twelve.map(() => NaN));
    const known = unknown.evaluation && { ...unknown.evaluation, figures: { score: 3 } };
    if (!known) throw new Error('not evaluated');
    expect(judge({ teacher, baseline: { evaluation: known }, student, figures, compare }).outcome).toBe(
      'untested',
    );
  });

  it('draws no conclusion from losses that are infinite on both sides, and no share of an infinite gap', () => {
    const figures = [figure('loss', 'lower')];
    const of = (infinite: number, loss: number) =>
      scored(
        'loss',
        'lower',
        Array.from({ length: 40 }, (_, at) => (at < infinite ? Infinity : loss)),
      );
    const judged = (alone: number, distilled: number) =>
      judge({
        teacher: of(0, 1),
        baseline: of(alone, 3),
        student: of(distilled, 2),
        figures,
        compare: undefined,
      });
    expect(judged(8, 1)).toMatchObject({ outcome: 'no-difference', distilled: { relation: 'same' } });
    expect(judged(1, 8)).toMatchObject({ outcome: 'no-difference', distilled: { relation: 'same' } });
    // Seven infinite losses less are 2 of 2^7 patterns of signs.
    expect(judged(7, 0)).toMatchObject({
      outcome: 'helped',
      closed: undefined,
      distilled: { test: { p: 2 / 2 ** 7 } },
    });
    expect(judged(1, 0)).toMatchObject({ outcome: 'no-difference', distilled: { test: { p: 1 } } });
  });

  it('has one sentence for the closing table', () => {
    const claim = (models: Models) => claimText(judge(models));
    expect(claim({ teacher: model(67), baseline: model(146), student: model(74) })).toBe(
      'Distillation helped (p < 0.001). It closes 91 % of the gap to the teacher.',
    );
    expect(claim({ teacher: model(67), baseline: model(146), student: model(140) })).toBe(
      'Distillation helped (p = 0.031). It closes 8 % of the gap to the teacher.',
    );
    expect(claim({ teacher: model(80), baseline: model(100), student: model(90, 5000) })).toBe(
      'No difference beyond chance (p = 0.51).',
    );
  });

  it('compares size and speed with the teacher', () => {
    const { notes } = say({
      teacher: model(67, 0, { bytes: 9_600_000, latencyMs: 3 }),
      student: model(74, 0, { bytes: 480_000, latencyMs: 6 }),
    });
    expect(notes).toEqual([
      'Compared with the teacher it is 20 times smaller (480 kB instead of 9.6 MB) and 2 times slower (6.0 ms instead of 3.0 ms per example).',
    ]);
  });
});

describe('pText', () => {
  it('never rounds a p below 0.05 up to it', () => {
    expect(pText(0.04999)).toBe('p = 0.0499');
    expect(pText(0.0496)).toBe('p = 0.0496');
    expect(pText(0.05)).toBe('p = 0.05');
    expect(pText(0.0012)).toBe('p = 0.0012');
    expect(pText(1)).toBe('p = 1');
  });
});
