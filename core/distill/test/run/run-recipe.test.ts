// Whole runs of tiny recipes: stages, what they leave, what they compare.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ort } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import { runRecipe } from '../../src/run/run-recipe.js';
import { readCheckpoint, readWeights } from '../../src/train/checkpoint.js';
import type { RunEvent } from 'potstill';
import { features, tinyData } from '../train/tiny.js';
import { studentYaml, Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const stages = ['preflight', 'baseline', 'label', 'student', 'evaluate', 'export', 'report'];
const ofTeacher = ['teacher/preflight', 'teacher', 'teacher/evaluate', 'teacher/export', 'teacher/report'];
const component = 'teacher={use: tiny/teacher}';

describe('runRecipe', () => {
  it('trains the teacher, the student alone and distilled, and leaves all in the run folder', async () => {
    const { runFolder, summary } = await place.run('student.yaml');
    expect(place.stages()).toEqual([...ofTeacher, ...stages]);
    expect((await readdir(runFolder)).sort()).toEqual([
      'baseline',
      'data.json',
      'events.jsonl',
      'exports',
      'metrics.jsonl',
      'recipe.yaml',
      'report.html',
      'run.json',
      'stages.json',
      'student',
      'student.safetensors',
      'summary.json',
      'teacher.yaml',
      'timings.json',
    ]);
    expect(JSON.parse(await readFile(join(runFolder, 'summary.json'), 'utf8'))).toMatchObject(summary);
    expect(summary).toMatchObject({
      name: 'tiny-student',
      seed: 1,
      evaluatedOn: 'test',
      teacher: { parameters: features * 16 + 16 + 16 * 3 + 3 },
      baseline: { parameters: features * 4 + 4 + 4 * 3 + 3 },
      exports: [{ kind: 'onnx', path: 'exports/student.onnx' }],
    });
    for (const model of [summary.teacher, summary.baseline, summary.student]) {
      expect(model?.figures.errors).toBe(60 - Math.round(60 * (model?.figures.accuracy ?? NaN)));
      expect(model?.latencyMs).toBeGreaterThan(0);
      expect(model?.bytes).toBeGreaterThan(0);
    }
    expect(summary.student.figures.agreement).toBeGreaterThan(0);
    expect(summary.student.bytes).toBe((await readFile(join(runFolder, 'exports/student.onnx'))).length);
  });

  it('closes with a done event that holds the summary', async () => {
    const { runFolder, summary } = await place.run('student.yaml', { set: [component] });
    expect(place.events.at(-1)).toEqual({ event: 'done', runFolder, summary });
    const lines = (await readFile(join(runFolder, 'events.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as RunEvent)).toEqual(
      JSON.parse(JSON.stringify(place.events)),
    );
  });

  it('writes an ONNX file that makes the errors of the summary', async () => {
    const { runFolder, summary } = await place.run('student.yaml', { set: [component] });
    const session = await ort.InferenceSession.create(join(runFolder, 'exports/student.onnx'));
    const test = tinyData(60, randomStream(6));
    const batch = await test.batch?.(Array.from({ length: 60 }, (_, i) => i));
    const x = batch?.tensors.x;
    const label = batch?.tensors.label;
    const { logits } = await session.run({
      x: new ort.Tensor('float32', x?.data as Float32Array, [60, features]),
    });
    const scores = logits?.data as Float32Array;
    const errors = Array.from(label?.data ?? []).filter((truth, row) => {
      const own = Array.from(scores.subarray(3 * row, 3 * row + 3));
      return own.indexOf(Math.max(...own)) !== truth;
    });
    expect(errors.length).toBe(summary.student.figures.errors);
  });

  it('gives the same weights, metrics and ONNX file for the same recipe', async () => {
    const first = await place.run('student.yaml');
    const second = await place.run('student.yaml');
    expect(second.runFolder).toBe(`${first.runFolder}-2`);
    expect(second.summary.exports).toEqual(first.summary.exports);
    expect(second.summary.student.figures).toEqual(first.summary.student.figures);
    for (const file of [
      'student/last.safetensors',
      'student/best.safetensors',
      'baseline/last.safetensors',
      'metrics.jsonl',
    ])
      expect(await readFile(join(second.runFolder, file))).toEqual(
        await readFile(join(first.runFolder, file)),
      );
  });

  it('begins baseline and student with the same weights, and shows both the same batches', async () => {
    // One epoch at rate 0: what is written is what it began with.
    const { runFolder } = await place.run('student.yaml', {
      set: [component, 'train.rate=0', 'train.epochs=1'],
    });
    const baseline = await readWeights(join(runFolder, 'baseline/best.safetensors'));
    const student = await readWeights(join(runFolder, 'student/best.safetensors'));
    expect(student.variables).toEqual(baseline.variables);
    const [b, s] = await Promise.all(
      ['baseline', 'student'].map((name) => readCheckpoint(join(runFolder, name, 'last.safetensors'))),
    );
    // The same weights on the same batches with the same units dropped: the same loss to the last bit.
    const loss = (c: typeof b) => c?.position.history[0]?.metrics['loss.cross-entropy'];
    expect(loss(s)).toBe(loss(b));
  });

  it('trains the baseline on cross-entropy when every loss needs the teacher', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component, 'losses=[soft-targets]'] });
    const metrics = (await readFile(join(runFolder, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const of = (stage: string) => metrics.find((row) => 'stage' in row && row.stage === stage);
    expect(of('baseline')).toHaveProperty(['loss.cross-entropy']);
    expect(of('student')).toHaveProperty(['loss.soft-targets']);
  });

  it('asks the teacher once about each example, however many epochs', async () => {
    await place.run('student.yaml', { set: [component, 'preflight.enabled=false', 'train.epochs=5'] });
    // 70 training, 40 validation and 60 test examples, and single ones to measure speed.
    const asked = place.asked.batches.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);
    expect(asked).toBe(70 + 40 + 60);
  });

  it('asks the teacher anew in each epoch when a transform is random', async () => {
    await place.run('student.yaml', {
      set: [component, 'preflight.enabled=false', 'train.epochs=2', 'data.train.transforms=[tiny/noise]'],
    });
    const asked = place.asked.batches.filter((size) => size > 1).reduce((sum, size) => sum + size, 0);
    expect(asked).toBe(2 * 70 + 40 + 60);
  });

  it('runs without a teacher: one student, no baseline', async () => {
    const { summary } = await place.run('teacher.yaml');
    expect(place.stages()).toEqual(['preflight', 'student', 'evaluate', 'export', 'report']);
    expect(summary).toMatchObject({ teacher: null, baseline: null, adjustments: [] });
    expect(summary.student.figures).not.toHaveProperty('agreement');
  });

  it('keeps the weights of the epoch that is best on validation data', async () => {
    const { runFolder } = await place.run('student.yaml', {
      set: [component, 'train.select=accuracy', 'train.epochs=6'],
    });
    const last = await readCheckpoint(join(runFolder, 'student/last.safetensors'));
    const values = last?.position.history.map(({ metrics }) => metrics.accuracy as number) ?? [];
    const value = Math.max(...values);
    expect(last?.position.best).toEqual({ epoch: values.indexOf(value) + 1, value });
  });

  it('holds the weights within train.maxNorm', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component, 'train.maxNorm=0.5'] });
    const { variables } = await readWeights(join(runFolder, 'student.safetensors'));
    const kernel = Array.from(variables['logits.kernel']?.data ?? []);
    const norms = [0, 1, 2].map((unit) => Math.hypot(...kernel.filter((_, i) => i % 3 === unit)));
    for (const norm of norms) expect(norm).toBeLessThanOrEqual(0.5 + 1e-6);
    expect(Math.max(...norms)).toBeGreaterThan(0.49);
  });

  it('moves the weights no further than clipped gradients can', async () => {
    const set = [component, 'train.epochs=2', 'train.select=last'];
    const weights = async (...more: string[]) => {
      const { runFolder } = await place.run('student.yaml', { set: [...set, ...more] });
      const { variables } = await readWeights(join(runFolder, 'student.safetensors'));
      return Object.values(variables).flatMap(({ data }) => Array.from(data));
    };
    const first = await weights('train.rate=0');
    const moved = async (...more: string[]) =>
      Math.hypot(...(await weights(...more)).map((value, i) => value - (first[i] as number)));
    // Ten steps at rate 0.05 with momentum 0.9, on four variables of 43 weights in all.
    const reach = (norm: number) => (10 * 0.05 * norm) / (1 - 0.9);
    expect(await moved()).toBeGreaterThan(reach(0.02));
    expect(await moved('train.clip={globalNorm: 0.01}')).toBeLessThanOrEqual(reach(0.01));
    expect(await moved('train.clip={norm: 0.01}')).toBeLessThanOrEqual(reach(0.01 * Math.sqrt(4)));
    expect(await moved('train.clip={value: 0.001}')).toBeLessThanOrEqual(reach(0.001 * Math.sqrt(43)));
  });

  it('writes a log that says on which machine, and why it stopped', async () => {
    const recipe = await place.open('student.yaml', component, 'train.rate=1e38');
    await expect(runRecipe(recipe, { runsFolder: place.runs, known: place.known })).rejects.toThrow(
      /TRAIN_NOT_FINITE/,
    );
    const [name = ''] = (await readdir(place.runs)).filter((each) => !each.startsWith('.'));
    const lines = (await readFile(join(place.runs, name, 'run.log'), 'utf8')).trim().split('\n');
    const [first, last] = [lines[0], lines.at(-1)].map(
      (line) => JSON.parse(line ?? '') as Record<string, unknown>,
    );
    expect(first).toMatchObject({
      msg: 'run',
      name: 'tiny-student',
      machine: { node: process.versions.node },
    });
    expect(last).toMatchObject({ msg: 'stopped', err: { records: [{ code: 'TRAIN_NOT_FINITE' }] } });
  });

  it('leaves no folder behind when preflight refuses, and nothing of its own in one that was there', async () => {
    const set = ['teacher={use: tiny/teacher, constant: true}'];
    await expect(place.run('student.yaml', { set })).rejects.toThrow(/PREFLIGHT_TAP/);
    expect(await readdir(place.runs)).toEqual([]);
    const runFolder = join(place.folder, 'mine');
    await mkdir(runFolder);
    await writeFile(join(runFolder, 'notes.txt'), '');
    await expect(place.run('student.yaml', { set, runFolder })).rejects.toThrow(/PREFLIGHT_TAP/);
    expect(await readdir(runFolder)).toEqual(['notes.txt']);
  });

  it('tells the run folder first, before warnings of the data', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    expect(place.events[0]).toEqual({ event: 'run', runFolder, resumed: false, notes: [] });
    expect(place.events.filter(({ event }) => event === 'run')).toHaveLength(1);
  });

  it('refuses an empty name of a folder', async () => {
    await expect(place.run('student.yaml', { runFolder: '' })).rejects.toThrow(/USAGE: --folder is empty/);
    await expect(place.run('student.yaml', { runsFolder: ' ' })).rejects.toThrow(/USAGE: --runs is empty/);
  });

  it('says when figures are not of test data', async () => {
    await place.write('plain.yaml', studentYaml.replace(/ {2}(validation|test):.*\n/g, ''));
    const { summary } = await place.run('plain.yaml', { set: [component] });
    expect(summary.evaluatedOn).toBe('train');
    expect(summary.warnings.map(({ code }) => code)).toContain('RUN_NO_TEST_DATA');
  });
});
