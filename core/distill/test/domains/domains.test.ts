// Four domains far from classification of images go through whole runs: train, closing table, report, select, sweep, export.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { ort, readOnnxModel, type OnnxGraph } from '@potstill/engine';
import type { Plugin } from 'potstill';
import { runTiny, type TinyRun } from 'potstill/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { seriesTable } from '../../src/cli/series-table.js';
import { summaryTable } from '../../src/cli/summary-table.js';
import { boxes } from './boxes.js';
import { graphs } from './graph.js';
import { edits, speech } from './speech.js';
import { text } from './text.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(plugin: Plugin, recipe: Readonly<Record<string, unknown>>): Promise<TinyRun> {
  const result = await runTiny({ plugin, recipe: { baseline: true, ...recipe } });
  folders.push(result.folder);
  return result;
}

/**
 * Runs a recipe as a sweep over its number of epochs, one of them too few: the whole training must be chosen by the figure
 * that decides, and stand in both closing tables and reports. `report` is that of the chosen run.
 */
async function sweep(plugin: Plugin, { train, ...recipe }: SweptRecipe) {
  const result = await run(plugin, {
    ...recipe,
    train,
    sweep: { grid: { 'train.epochs': [1, train.epochs] } },
  });
  const { series, summary, runFolder } = result;
  if (!series) throw new Error('a sweep gives a series');
  const { primary, columns, figures, best, points } = series;
  expect(points).toHaveLength(2);
  expect(points[best.point]?.values).toEqual({ 'train.epochs': train.epochs });
  expect(best.validation).toBeLessThan(points[0]?.validation ?? NaN);
  expect(primary).toBe(train.select);
  expect(columns).toEqual(summary.columns);

  const table = seriesTable(series);
  expect(table).toMatch(new RegExp(`^train\\.epochs +${primary} \\(validation\\) +${columns[0]} \\(test\\)`));
  expect(table).toContain(`Of 2 points, train.epochs=${train.epochs} is best on validation data`);
  const closing = summaryTable(summary).split('\n');
  expect(closing[0]?.split(/ {2,}/)).toEqual([
    'on test data',
    ...columns,
    'parameters',
    'size',
    expect.stringMatching('latency') as string,
  ]);
  expect(closing.slice(1, 4).map((line) => line.split(/ {2,}/)[0])).toEqual([
    'teacher',
    'student alone',
    'distilled',
  ]);

  const chosen = join(runFolder, best.folder);
  const report = await readFile(join(chosen, 'report.html'), 'utf8');
  const all = await readFile(join(runFolder, 'report.html'), 'utf8');
  const decides = figures.find(({ name }) => name === primary);
  for (const page of [report, all]) expect(page).toContain(decides?.title ?? 'no title');
  expect(await readFile(join(runFolder, 'exports/student.onnx'))).toEqual(
    await readFile(join(chosen, 'exports/student.onnx')),
  );
  return { ...result, report };
}

interface SweptRecipe extends Readonly<Record<string, unknown>> {
  readonly train: { readonly epochs: number; readonly select: string } & Readonly<Record<string, unknown>>;
}

/** Names and lengths of the axes of a model's inputs or outputs. */
function axesOf(values: OnnxGraph['input']): Record<string, (string | number)[]> {
  return Object.fromEntries(
    (values ?? []).map(({ name = '', type }) => [
      name,
      (type?.tensorType?.shape?.dim ?? []).map(({ dimParam, dimValue }) =>
        dimParam === undefined || dimParam === '' ? Number(dimValue) : dimParam,
      ),
    ]),
  );
}

async function exported({ runFolder }: Pick<TinyRun, 'runFolder'>) {
  const { graph } = readOnnxModel(await readFile(join(runFolder, 'exports/student.onnx')));
  return { inputs: axesOf(graph?.input), outputs: axesOf(graph?.output) };
}

describe('frames with transcripts', () => {
  it('train in buckets, are selected and judged by word errors, and are exported with free frames', async () => {
    const result = await sweep(speech, {
      data: {
        train: { use: 'speech/utterances', size: 90 },
        validation: { use: 'speech/utterances', size: 20, seed: 2 },
        test: { use: 'speech/utterances', size: 40, seed: 3 },
        buckets: 3,
      },
      teacher: 'speech/teacher',
      student: 'speech/student',
      losses: [
        'cross-entropy',
        { use: 'soft-targets', temperature: 2 },
        { use: 'speech/words', weight: 0.5 },
      ],
      train: { epochs: 8, batch: 8, rate: 0.02, select: 'word-errors' },
      export: [{ use: 'onnx', outputs: ['logits'] }],
    });
    const { summary, runFolder, report } = result;
    expect(summary.task).toBe('speech/recognition');
    expect(summary.primary).toBe('word-errors');
    expect(summary.columns).toEqual(['word-errors', 'frame-errors']);
    expect(summary.teacher?.figures['frame-errors']).toBeLessThan(0.25);
    // Chance is 0.75.
    expect(summary.student.figures['frame-errors']).toBeLessThan(0.3);
    expect(summary.preflight.find(({ code }) => code === 'buckets')?.message).toMatch(
      /^examples of varying length are padded to 3 buckets: `frames` \d+, \d+, \d+; `words` \d+, \d+, \d+; about \d+ % of what is computed is padding$/,
    );
    expect(await exported(result)).toEqual({
      inputs: { frames: ['batch', 'frames', 6], 'frames.length': ['batch'] },
      outputs: { logits: ['batch', 'frames', 4] },
    });
    expect(report).toContain('Frame errors');

    // Padding changes nothing in the file, either.
    const session = await ort.InferenceSession.create(join(runFolder, 'exports/student.onnx'), {
      logSeverityLevel: 3,
    });
    const frames = Float32Array.from({ length: 5 * 6 }, (_, i) => Math.sin(i));
    const ask = async (length: number) => {
      const data = new Float32Array(length * 6);
      data.set(frames);
      const { logits } = await session.run({
        frames: new ort.Tensor('float32', data, [1, length, 6]),
        'frames.length': new ort.Tensor('int32', Int32Array.of(5), [1]),
      });
      return Array.from((logits?.data as Float32Array).subarray(0, 5 * 4));
    };
    const [short, long] = [await ask(5), await ask(23)];
    for (const [i, value] of short.entries()) expect(long[i]).toBeCloseTo(value, 5);
    await session.release();

    // The file teaches, asked with padded frames and their lengths; its answers are stored and read in other batches.
    const taught = await run(speech, {
      data: {
        train: { use: 'speech/utterances', size: 60, seed: 7 },
        test: { use: 'speech/utterances', size: 40, seed: 3 },
        buckets: 3,
      },
      teacher: { use: 'onnx', model: join(runFolder, 'exports/student.onnx') },
      student: 'speech/student',
      losses: [{ use: 'soft-targets', temperature: 1 }],
      evaluate: ['speech/word-errors', 'agreement', 'divergence', 'accuracy'],
      train: { epochs: 12, batch: 8, rate: 0.02 },
      baseline: false,
    });
    const { teacher, student } = taught.summary;
    expect(teacher?.figures['frame-errors']).toBe(summary.student.figures['frame-errors']);
    expect(student.figures.agreement).toBeGreaterThan(0.9);
    // Frames that are padding count nowhere.
    expect(student.figures.accuracy).toBeCloseTo(1 - (student.figures['frame-errors'] ?? NaN), 10);
    expect(student.figures.divergence).toBeLessThan(0.2);
  });

  it('are heard by a student of tf.layers, which names no axes', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv1d({
          inputShape: [null, 6],
          filters: 12,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        }),
        tf.layers.dense({ units: 4 }),
      ],
    });
    const folder = await mkdtemp(join(tmpdir(), 'potstill-layers-'));
    folders.push(folder);
    await writeFile(join(folder, 'model.json'), JSON.stringify(model.toJSON(null, false)));
    const { summary, ...result } = await run(speech, {
      data: { train: 'speech/utterances', test: { use: 'speech/utterances', seed: 3 } },
      teacher: 'speech/teacher',
      student: { use: 'layers', model: join(folder, 'model.json') },
      losses: ['cross-entropy', { use: 'soft-targets', temperature: 2 }],
      train: { epochs: 6, batch: 8, rate: 0.02 },
      baseline: false,
    });
    expect(summary.student.figures['frame-errors']).toBeLessThan(0.6);
    expect(await exported(result)).toEqual({
      inputs: { frames: ['batch', 'frames', 6] },
      outputs: { logits: ['batch', 'frames', 4] },
    });
  });

  it('count edits', () => {
    expect(edits([1, 2, 3], [1, 3])).toBe(1);
    expect(edits([], [1, 2])).toBe(2);
    expect(edits([1, 2], [2, 1])).toBe(2);
  });
});

describe('tokens in two languages with two teachers', () => {
  it('learn each language from its own teacher, and are judged by language', async () => {
    const result = await sweep(text, {
      data: {
        train: { use: 'text/sentences', size: 160 },
        validation: { use: 'text/sentences', size: 30, seed: 2 },
        test: { use: 'text/sentences', size: 60, seed: 3 },
      },
      teacher: {
        use: 'text/teachers',
        of: {
          nb: { use: 'text/teacher', language: 'nb' },
          da: { use: 'text/teacher', language: 'da' },
        },
      },
      student: 'text/student',
      losses: [
        { use: 'soft-targets', name: 'nb', teacher: 'nb/logits', mask: 'nb', temperature: 1 },
        { use: 'soft-targets', name: 'da', teacher: 'da/logits', mask: 'da', temperature: 1 },
      ],
      train: { epochs: 10, batch: 8, rate: 0.02, select: 'tag-errors' },
    });
    const { figures } = result.summary.student;
    expect(result.summary.columns).toEqual(['tag-errors', 'tag-errors-nb', 'tag-errors-da']);
    // Taking every sentence for the one language is wrong in most tokens of the other.
    expect(figures['tag-errors-nb']).toBeLessThan(0.15);
    expect(figures['tag-errors-da']).toBeLessThan(0.15);
    expect(await exported(result)).toEqual({
      inputs: { tokens: ['batch', 'tokens'], language: ['batch'] },
      outputs: { logits: ['batch', 'tokens', 3] },
    });
  });
});

describe('boxes', () => {
  it('are scored beside their image, and moved', async () => {
    const result = await sweep(boxes, {
      data: {
        train: { use: 'boxes/scenes', size: 100 },
        validation: { use: 'boxes/scenes', size: 30, seed: 2 },
        test: { use: 'boxes/scenes', size: 60, seed: 3 },
      },
      teacher: 'boxes/teacher',
      student: 'boxes/student',
      losses: [
        'cross-entropy',
        { use: 'soft-targets', temperature: 2 },
        { use: 'squared-error', student: 'moved', target: 'offset' },
      ],
      train: { epochs: 12, batch: 10, rate: 0.02, select: 'box-errors' },
      export: [{ use: 'onnx', outputs: ['logits', 'moved'] }],
    });
    const { figures } = result.summary.student;
    expect(figures['box-errors']).toBeLessThan(0.15);
    expect(figures.distance).toBeLessThan(0.15);
    expect(await exported(result)).toEqual({
      inputs: { image: ['batch', 8, 8, 1], boxes: ['batch', 'boxes', 4] },
      outputs: { logits: ['batch', 'boxes', 2], moved: ['batch', 'boxes', 4] },
    });
  });
});

describe('one graph with masks', () => {
  it('is one example: some nodes train, others choose and test', async () => {
    const result = await sweep(graphs, {
      data: {
        train: { use: 'graph/citations', part: 'train' },
        validation: { use: 'graph/citations', part: 'validation' },
        test: { use: 'graph/citations', part: 'test' },
      },
      teacher: 'graph/teacher',
      student: 'graph/student',
      losses: [
        { use: 'cross-entropy', mask: 'counted' },
        { use: 'soft-targets', temperature: 1 },
      ],
      train: { epochs: 60, batch: 1, rate: 0.05, select: 'node-errors' },
      export: ['onnx'],
    });
    expect(result.summary.student.figures['node-errors']).toBeLessThan(0.3);
    expect(await exported(result)).toEqual({
      inputs: { x: ['batch', 'nodes', 5], edges: ['batch', 'edges', 2], 'edges.length': ['batch'] },
      outputs: { logits: ['batch', 'nodes', 3] },
    });
  });
});
