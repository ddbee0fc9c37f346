// What a report says in words, case by case.
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluate/evaluate-model.js';
import type { ReportInput, ReportModel } from '../../src/report/report-input.js';
import { verdict } from '../../src/report/verdict.js';
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

function say(models: Pick<ReportInput, 'student'> & Partial<ReportInput>) {
  return verdict({
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

describe('verdict', () => {
  it('says which share of the gap was closed', () => {
    expect(say({ teacher: model(67), baseline: model(146), student: model(74) }).headline).toBe(
      'The distilled student closes 91 % of the gap between the student alone and the teacher: ' +
        '67 errors for the teacher, 146 for the student alone, 74 for the distilled student on 10,000 test examples.',
    );
  });

  it('says so when distillation did not help', () => {
    expect(say({ teacher: model(67), baseline: model(146), student: model(150) }).headline).toMatch(
      /^Distillation did not help: 67 errors for the teacher, 146 for the student alone, 150/,
    );
    expect(say({ teacher: model(67), baseline: model(146), student: model(146) }).headline).toMatch(
      /^Distillation did not help/,
    );
  });

  it('says so when the labels teach better than the teacher', () => {
    const labelsWin = say({ teacher: model(200), baseline: model(146), student: model(150) }).headline;
    expect(labelsWin).toMatch(/^The labels teach better than this teacher.*Distillation did not help\.$/);
    const still = say({ teacher: model(200), baseline: model(146), student: model(120) }).headline;
    expect(still).toMatch(/Distillation still helped\.$/);
  });

  it('says so when the student beats its teacher', () => {
    expect(say({ teacher: model(67), baseline: model(146), student: model(60) }).headline).toMatch(
      /^The distilled student does better than its teacher/,
    );
  });

  it('claims nothing about distillation without a baseline', () => {
    expect(say({ teacher: model(67), student: model(74) }).headline).toMatch(
      /does not reach its teacher.*Without a baseline nothing tells what distillation added\.$/,
    );
    expect(say({ teacher: model(67), student: model(67) }).headline).toContain('is level with its teacher');
  });

  it('calls an error an error', () => {
    expect(say({ student: model(1) }).headline).toBe('The student comes to 1 error on 10,000 test examples.');
  });

  it('takes the value asked for, whichever way is better', () => {
    const scored = (map: number): ReportModel => ({ evaluation: { count: 50, values: { map } } });
    const input = { teacher: scored(0.6), baseline: scored(0.4), student: scored(0.5) };
    expect(say({ ...input, primary: { value: 'map', better: 'higher' } }).headline).toBe(
      'The distilled student closes 50 % of the gap between the student alone and the teacher: ' +
        'map 0.60 for the teacher, 0.40 for the student alone, 0.50 for the distilled student on 50 test examples.',
    );
  });

  it('warns when the difference may be chance', () => {
    // 100 wrong alone, 90 when distilled, on different examples: 100 against 90.
    const { notes } = say({ teacher: model(67), baseline: model(100), student: model(90, 5000) });
    expect(notes[0]).toMatch(
      /^This difference may be chance.*100 are right only when distilled and 90 only without/,
    );
    const clear = say({ teacher: model(67), baseline: model(146), student: model(74) });
    expect(clear.notes[0]).toMatch(/^More than chance on these examples.*p < 0.001/);
  });

  it('compares size and speed with the teacher', () => {
    const { notes } = say({
      teacher: model(67, 0, { bytes: 9_600_000, latencyMs: 3 }),
      student: model(74, 0, { bytes: 480_000, latencyMs: 6 }),
    });
    expect(notes).toEqual([
      'Than its teacher it is 20 times smaller (480 kB instead of 9.6 MB) and 2 times slower (6.0 ms instead of 3.0 ms an example).',
    ]);
  });
});
