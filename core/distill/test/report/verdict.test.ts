// What a report says in words, case by case.
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluate/evaluate-model.js';
import type { ReportInput, ReportModel } from '../../src/report/report-input.js';
import { claimText, pText, verdictText } from '../../src/report/verdict-text.js';
import { verdictOf } from '../../src/report/verdict.js';
import { barDataset } from './synthetic-run.js';

const n = 10_000;

/** A model that is wrong on the first `errors` examples from `from` on. */
function model(errors: number, from = 0, more: Partial<ReportModel> = {}): ReportModel {
  const evaluation: Evaluation = {
    count: n,
    values: { errors, accuracy: 1 - errors / n, count: n },
    predictions: {
      indices: Int32Array.from({ length: n }, (_, i) => i),
      predicted: Int32Array.from({ length: n }, (_, i) => (i >= from && i < from + errors ? 1 : 0)),
      confidence: new Float32Array(n).fill(0.9),
      truth: new Int32Array(n),
    },
  };
  return { evaluation, ...more };
}

type Models = Pick<ReportInput, 'student'> & Partial<ReportInput>;

function say(models: Models) {
  return verdictText({
    file: 'report.html',
    name: 'run',
    recipe: { yaml: '', hash: '' },
    seed: 1,
    finishedAt: 0,
    test: barDataset(0),
    machine: { cpu: '', cores: 1, memoryBytes: 1, system: '', node: '' },
    versions: {},
    ...models,
  });
}

const byErrors = { value: 'errors', better: 'lower' } as const;

function judge({ teacher, baseline, student }: Models) {
  const models = {
    teacher: teacher?.evaluation,
    baseline: baseline?.evaluation,
    student: student.evaluation,
  };
  return verdictOf(models, byErrors);
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
    expect(notes[0]).toMatch(/100 are right only with distillation and 90 only without/);
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

  it('takes the value asked for, and says that its difference was not tested', () => {
    const scored = (map: number): ReportModel => ({ evaluation: { count: 50, values: { map } } });
    const input = { teacher: scored(0.6), baseline: scored(0.4), student: scored(0.5) };
    const { headline, notes } = say({ ...input, primary: { value: 'map', better: 'higher' } });
    expect(headline).toBe(
      'Not tested for chance: map 0.50 for the distilled student, 0.40 for the student alone, ' +
        '0.60 for the teacher on 50 test examples.',
    );
    expect(notes[0]).toContain('the difference may be chance');
  });

  it('does not lend the test of the answers to a metric that counts other errors', () => {
    const other = (errors: number, from: number): ReportModel => {
      const { evaluation } = model(100, from);
      return evaluation ? { evaluation: { ...evaluation, values: { errors } } } : {};
    };
    expect(judge({ teacher: model(67), baseline: other(50, 0), student: other(7, 500) }).outcome).toBe(
      'untested',
    );
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
