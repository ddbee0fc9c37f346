// Whole runs of the tasks beside classification: figures, verdict, select, report, export.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { dataset, definePlugin, memoryDataset, teacher, type DataDescription } from 'potstill';
import { makeComponent, runTiny, type TinyRun } from 'potstill/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { taskComponents } from '../../src/tasks/components.js';

const features = 4;
const noise = 0.1;

/** Points with two numbers, two labels and a vector each, all functions of the point. */
const points = dataset('own/points', {
  help: 'Points.',
  options: z.strictObject({
    size: z.int().default(120),
    seed: z.int().default(1),
    target: z.enum(['sum', 'labels', 'none']),
  }),
  create({ size, seed, target }) {
    const x = randomStream(seed).normal(size * features);
    const at = (row: number, k: number) => x[row * features + k] as number;
    const rows = Array.from({ length: size }, (_, row) => row);
    const sum = Float32Array.from(rows, (row) => at(row, 0) + 2 * at(row, 1));
    const labels = Float32Array.from(
      rows.flatMap((row) => [Number(at(row, 0) > 0), Number(at(row, 2) > 0.5)]),
    );
    return memoryDataset({
      description: {
        inputs: ['x'],
        ...(target === 'none' ? { task: 'embedding' } : { target }),
        ...(target === 'labels' ? { task: 'multi-label', labels: ['warm', 'bright'] } : {}),
      },
      columns: {
        x: { dtype: 'float32', shape: [size, features], data: x },
        sum: { dtype: 'float32', shape: [size], data: sum },
        labels: { dtype: 'float32', shape: [size, 2], data: labels },
      },
    });
  },
});

/** Answers what the point says, with a little error. */
const oracle = teacher('own/oracle', {
  help: 'Nearly right.',
  options: z.strictObject({ wrong: z.boolean().default(false) }),
  create({ wrong }, _services, { data }) {
    const width = data.target === 'sum' ? 1 : 2;
    const name = data.target === undefined ? 'embedding' : 'logits';
    return {
      outputs: { [name]: { dtype: 'float32', shape: [width] } },
      fingerprint: `oracle ${String(wrong)}`,
      label({ size, tensors, indices }) {
        const x = tensors.x?.data ?? [];
        const values = Array.from({ length: size }, (_, row) => {
          const at = (k: number) => x[row * features + k] as number;
          const error = noise * Math.sin((indices[row] ?? 0) * 7.3);
          const sign = wrong ? -1 : 1;
          return data.target === 'sum'
            ? [sign * (at(0) + 2 * at(1) + error)]
            : [sign * 4 * at(0) + error, sign * 4 * (at(2) - 0.5) + error];
        });
        return Promise.resolve({
          [name]: { dtype: 'float32', shape: [size, width], data: Float32Array.from(values.flat()) },
        });
      },
      dispose: () => Promise.resolve(),
    };
  },
});

const plugin = definePlugin({ name: 'own', version: '1.0.0', potstill: '*', components: [points, oracle] });

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(
  target: string,
  more: Readonly<Record<string, unknown>>,
): Promise<TinyRun & { page: string }> {
  const done = await runTiny({
    plugin,
    recipe: {
      data: {
        train: { use: 'own/points', target },
        validation: { use: 'own/points', seed: 2, size: 40, target },
        test: { use: 'own/points', seed: 3, size: 60, target },
      },
      teacher: 'own/oracle',
      student: { use: 'mlp', hidden: [16] },
      train: { epochs: 12, batch: 16, optimizer: 'adam', rate: 0.01, seed: 1 },
      ...more,
    },
  });
  folders.push(done.folder);
  return { ...done, page: await readFile(join(done.runFolder, 'report.html'), 'utf8') };
}

describe('regression', () => {
  it('is the task of data with float32 numbers: judged by the root mean square error', async () => {
    const { summary, page, events } = await run('sum', {
      losses: [{ use: 'squared-error', teacher: 'logits' }],
      baseline: true,
    });
    expect(summary).toMatchObject({ task: 'regression', primary: 'rmse', columns: ['rmse', 'mae', 'r2'] });
    expect(summary.student.figures.r2).toBeGreaterThan(0.8);
    expect(summary.teacher?.figures.rmse).toBeCloseTo(noise / Math.SQRT2, 1);
    expect(summary.verdict?.test).toBe('sign-flip test');
    expect(summary.exports).toHaveLength(1);
    expect(page).toContain('Predictions and truth');
    expect(page).not.toMatch(/accuracy|confusion/i);
    expect(events.some((event) => event.event === 'epoch' && 'rmse' in event.metrics)).toBe(true);
  });

  it('warns of a teacher that is no better than the mean', async () => {
    const { summary } = await run('sum', {
      teacher: { use: 'own/oracle', wrong: true },
      losses: [{ use: 'squared-error', target: 'sum' }],
      train: { epochs: 1, batch: 16, optimizer: 'adam', rate: 0.01, seed: 1 },
    });
    expect(summary.warnings.map(({ code }) => code)).toContain('PREFLIGHT_TEACHER_CHANCE');
  });

  it('refuses a student with another number of outputs, before training', async () => {
    await expect(
      run('sum', { student: { use: 'mlp', hidden: [], classes: 3 }, losses: ['squared-error'] }),
    ).rejects.toThrow("the target `sum` has 1 number an example, the student's `logits` has 3");
  });
});

describe('multi-label', () => {
  it('is judged by wrong labels, shows each label, and chooses the epoch by its figure', async () => {
    const { summary, page } = await run('labels', {
      losses: [
        { use: 'binary-cross-entropy', weight: 0.5 },
        { use: 'binary-cross-entropy', teacher: 'logits', temperature: 2, weight: 0.5 },
      ],
      baseline: true,
    });
    expect(summary).toMatchObject({ task: 'multi-label', primary: 'labelErrors' });
    // Saying what is most frequent is wrong for about half of the first labels and a third of the second.
    expect(summary.student.figures.labelErrors).toBeLessThan(25);
    expect(summary.student.figures.meanAveragePrecision).toBeGreaterThan(0.85);
    expect(page).toContain('Results by label');
    expect(page).toContain('warm');
  });

  it('refuses a teacher that answers with probabilities', async () => {
    const task = await makeTask('multi-label', { spec: {}, inputs: ['x'], target: 'y', fingerprint: '' });
    const logits = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(0.2, 0.9) } as const;
    const sample = { size: 1, tensors: { y: logits }, indices: [0] };
    const model = {
      outputs: {},
      fingerprint: '',
      label: () => Promise.resolve({}),
      dispose: () => Promise.resolve(),
    };
    const seen = {
      data: { spec: {}, inputs: ['x'], target: 'y', fingerprint: '' },
      sample,
      teacher: model,
      answers: { logits },
    };
    expect(() => task.checkSample?.(seen)).toThrow(/PREFLIGHT_PROBABILITIES/);
  });
});

describe('embedding', () => {
  it('is judged by neighbours beside the teacher, without any labels', async () => {
    const { summary, page } = await run('none', {
      task: { use: 'embedding', output: 'logits' },
      student: { use: 'mlp', hidden: [16], classes: 2 },
      losses: [{ use: 'squared-error', student: 'logits', teacher: 'embedding' }],
    });
    expect(summary).toMatchObject({ task: 'embedding', primary: 'neighbours', baseline: null });
    expect(summary.student.figures.cosine).toBeGreaterThan(0.9);
    expect(summary.student.figures.neighbours).toBeGreaterThan(0.5);
    expect(page).toContain('Angles with the teacher');
  });

  it('warns of vectors that all point one way', async () => {
    const data: DataDescription = { spec: {}, inputs: ['x'], fingerprint: '' };
    const task = await makeTask('embedding', data);
    const rows = Array.from({ length: 8 }, (_, i) => [10, 10 + 0.1 * Math.sin(i)]);
    const answers = {
      embedding: { dtype: 'float32', shape: [8, 2], data: Float32Array.from(rows.flat()) } as const,
    };
    const sample = { size: 8, tensors: {}, indices: rows.map((_, i) => i) };
    const model = {
      outputs: {},
      fingerprint: '',
      label: () => Promise.resolve({}),
      dispose: () => Promise.resolve(),
    };
    expect(task.checkSample?.({ data, sample, teacher: model, answers })).toMatchObject([
      { level: 'warning', code: 'PREFLIGHT_TEACHER_CHANCE' },
    ]);
  });
});

async function makeTask(name: string, data: DataDescription) {
  const component = taskComponents.find((each) => each.kind === 'task' && each.name === name);
  if (!component) throw new Error(`no task ${name}`);
  return makeComponent('task', component, { data });
}
