// Summaries of potstill 0.1.0, which knew classification alone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeJson } from '../../src/files/json.js';
import { readRunFile } from '../../src/run/run-files.js';
import { upgradeSummary } from '../../src/tasks/old-summary.js';

const size = { parameters: 10, bytes: 40, latencyMs: null };
const model = (metrics: Record<string, number | null>) => ({
  errors: metrics.errors ?? null,
  accuracy: metrics.accuracy ?? null,
  agreement: metrics.agreement ?? null,
  ...size,
  metrics,
});

/** As 0.1.0 wrote it: no format, no task, no verdict. */
const old = {
  name: 'digits',
  seed: 7,
  recipeHash: 'c0ffee',
  versions: { potstill: '0.1.0' },
  teacher: model({ errors: 3, accuracy: 0.97, calibrationError: 0.02 }),
  baseline: model({ errors: 9, accuracy: 0.91, agreement: 0.9, calibrationError: null }),
  student: model({ errors: 5, accuracy: 0.95, agreement: 0.94, calibrationError: 0.04, map: 0.5 }),
  evaluatedOn: 'test',
  biasCorrection: null,
  exports: [{ kind: 'onnx', path: 'student.onnx', sha256: 'ab', bytes: 40, maxDifference: 0 }],
  preflight: [],
  warnings: [],
  seconds: 12.5,
};

const upgraded = {
  summaryFormat: 2,
  name: 'digits',
  seed: 7,
  recipeHash: 'c0ffee',
  versions: { potstill: '0.1.0' },
  task: 'classification',
  primary: 'errors',
  columns: ['errors', 'accuracy', 'agreement'],
  figures: [
    { name: 'errors', title: 'Errors', singular: 'error', unit: 'count', better: 'lower' },
    { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'higher' },
    { name: 'agreement', title: 'Agreement with teacher', unit: 'share', better: 'higher' },
    { name: 'calibrationError', title: 'calibrationError', unit: 'number', better: null },
    { name: 'map', title: 'map', unit: 'number', better: null },
  ],
  teacher: { figures: { errors: 3, accuracy: 0.97, calibrationError: 0.02 }, ...size },
  baseline: { figures: { errors: 9, accuracy: 0.91, agreement: 0.9, calibrationError: null }, ...size },
  student: {
    figures: { errors: 5, accuracy: 0.95, agreement: 0.94, calibrationError: 0.04, map: 0.5 },
    ...size,
  },
  evaluatedOn: 'test',
  adjustments: [],
  exports: old.exports,
  preflight: [],
  warnings: [],
  seconds: 12.5,
};

describe('upgradeSummary', () => {
  it('names task and figures, and moves the numbers of each model under their names', () => {
    expect(upgradeSummary(old)).toEqual(upgraded);
  });

  it('keeps a verdict, and a correction of the output bias as an adjustment', () => {
    const verdict = { outcome: 'helped', p: 0.01, closed: 0.5, claim: 'Distillation helped.' };
    const biasCorrection = {
      classes: [3, 7],
      offset: 2.5,
      validationErrors: { before: 20, after: 9 },
      testErrors: { before: 14, after: null },
    };
    expect(upgradeSummary({ ...old, verdict, biasCorrection })).toEqual({
      ...upgraded,
      verdict,
      adjustments: [
        {
          kind: 'bias-correction',
          words: 'classes 3, 7 shifted by 2.50',
          data: { classes: [3, 7], offset: 2.5, validationErrors: { before: 20, after: 9 } },
          before: { errors: 14 },
          after: { errors: null },
        },
      ],
    });
  });

  it('names only what was measured, of any model', () => {
    const student = model({ accuracy: 0.5 });
    const measured = { ...old, teacher: null, baseline: model({ accuracy: 0.4, top5: 0.9 }), student };
    expect(upgradeSummary(measured)).toMatchObject({
      teacher: null,
      primary: 'accuracy',
      columns: ['accuracy'],
      figures: [{ name: 'accuracy' }, { name: 'top5' }],
    });
    expect(upgradeSummary({ ...measured, baseline: null, student: model({}) })).toMatchObject({
      primary: null,
      columns: [],
      figures: [],
    });
  });

  it.each([
    ['a summary of today', upgraded],
    ['nothing', null],
    ['text', 'summary'],
    ['another file', { name: 'digits' }],
  ])('leaves %s as it is', (_what, value) => {
    expect(upgradeSummary(value)).toBe(value);
  });
});

describe('summary.json', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'potstill-summary-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const path = () => join(folder, 'summary.json');

  it('is read as it was written, under its checksum', async () => {
    await writeJson(path(), upgraded);
    expect(await readRunFile(folder, 'summary')).toEqual({ sealed: true, value: upgraded });
  });

  it('is upgraded where potstill 0.1.0 wrote it, and where a later one added a checksum', async () => {
    await writeFile(path(), JSON.stringify(old));
    expect(await readRunFile(folder, 'summary')).toEqual({ sealed: false, value: upgraded });
    await writeJson(path(), old);
    expect(await readRunFile(folder, 'summary')).toEqual({ sealed: true, value: upgraded });
  });

  it('is refused where it is neither', async () => {
    const { figures: _figures, ...rest } = upgraded;
    await writeJson(path(), rest);
    await expect(readRunFile(folder, 'summary')).rejects.toMatchObject({
      code: 'RUN_CHECKPOINT_DAMAGED',
      message: expect.stringContaining('at `figures`') as string,
    });
  });
});
