// Temperature scaling and thresholds: the search itself, and as adjustments of a run's student.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { dataset, definePlugin, memoryDataset } from 'potstill';
import { runTiny, tinyDataset, type TinyRun } from 'potstill/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bestTemperature } from '../../src/tasks/classification/adjust/temperature-scaling.js';
import { bestThreshold } from '../../src/tasks/multi-label/thresholds.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
async function run(trial: Parameters<typeof runTiny>[0]): Promise<TinyRun & { readonly page: string }> {
  const done = await runTiny(trial);
  folders.push(done.folder);
  return { ...done, page: await readFile(join(done.runFolder, 'report.html'), 'utf8') };
}

describe('temperature-scaling', () => {
  it('finds the temperature of the smallest loss', () => {
    expect(bestTemperature((t) => (Math.log(t) - Math.log(2.5)) ** 2)).toBeCloseTo(2.5, 3);
  });

  it('lowers the cross-entropy on validation data and changes no answer', async () => {
    const { summary, page } = await run({
      plugin: definePlugin({ name: 'none', version: '1.0.0', potstill: '*', components: [] }),
      recipe: {
        data: {
          train: { use: 'tiny/points' },
          validation: { use: 'tiny/points', seed: 3 },
          test: { use: 'tiny/points', seed: 2 },
        },
        // Far too long on sixty points: sure of everything.
        train: { epochs: 60, batch: 16, optimizer: 'adam', rate: 0.03, seed: 1, select: 'last' },
        adjust: ['temperature-scaling'],
      },
    });
    const [made] = summary.adjustments;
    const { temperature, validationCrossEntropy } = made?.data as {
      readonly temperature: number;
      readonly validationCrossEntropy: { readonly before: number; readonly after: number };
    };
    expect(temperature).toBeGreaterThan(1.2);
    expect(validationCrossEntropy.after).toBeLessThan(validationCrossEntropy.before);
    expect(made?.after.crossEntropy).toBeLessThan(made?.before.crossEntropy ?? NaN);
    expect(made?.after.errors).toBe(made?.before.errors);
    expect(summary.student.figures.crossEntropy).toBe(made?.after.crossEntropy);
    expect(page).toContain('Temperature scaling');
  });
});

describe('sampling-correction', () => {
  const none = definePlugin({ name: 'none', version: '1.0.0', potstill: '*', components: [] });
  const data = {
    train: { use: 'tiny/points' },
    validation: { use: 'tiny/points', seed: 3 },
    test: { use: 'tiny/points', seed: 2 },
  };

  it('raises the logit of a class by the logarithm of the proportion in which others are oversampled', async () => {
    const { summary, page } = await run({
      plugin: none,
      recipe: {
        teacher: undefined,
        data: { ...data, classes: { a: 'a', '*': 'rest' }, sampler: { classes: { rest: 0.5 } } },
        adjust: ['sampling-correction'],
      },
    });
    const [made] = summary.adjustments;
    const { shifts } = made?.data as { readonly shifts: Readonly<Record<string, number>> };
    expect(Object.keys(shifts)).toEqual(['rest']);
    // Half of what is drawn is a.
    const share = Array.from(tinyDataset().targets ?? []).filter((label) => label === 0).length / 60;
    expect(share).toBeLessThan(0.45);
    expect(shifts.rest).toBeCloseTo(Math.log((1 - share) / share), 5);
    expect(summary.student.figures.crossEntropy).toBe(made?.after.crossEntropy);
    expect(made?.after.crossEntropy).not.toBe(made?.before.crossEntropy);
    expect(page).toContain('Sampling correction');
  });

  it('is refused where each example is drawn once', async () => {
    await expect(
      run({ plugin: none, recipe: { teacher: undefined, data, adjust: ['sampling-correction'] } }),
    ).rejects.toThrow(
      '`sampling-correction` undoes what `data.sampler` does, and the training data are drawn as they are',
    );
  });
});

describe('thresholds', () => {
  it('lie where most is right, and at 0 where that is as good', () => {
    const rows = (pairs: readonly (readonly [number, number])[]) =>
      pairs.map(([score, truth]) => ({ score, truth }));
    expect(bestThreshold(rows([[3, 1], [2, 1], [1, 0], [-1, 0]]), 'errors')).toBe(1.5); // prettier-ignore
    expect(bestThreshold(rows([[3, 1], [-2, 0]]), 'errors')).toBe(0); // prettier-ignore
    expect(bestThreshold(rows([[3, 0], [2, 0]]), 'errors')).toBe(4); // prettier-ignore
    expect(bestThreshold(rows([[-1, 1], [-1, 1]]), 'errors')).toBe(-2); // prettier-ignore
    // Three of a hundred: F1 takes what accuracy would leave.
    expect(bestThreshold(rows([[2, 1], [1, 0], [0.5, 1]]), 'f1')).toBe(0); // prettier-ignore
    expect(bestThreshold([], 'f1')).toBe(0);
  });

  it('are taken into the bias of the student, and so into what is exported', async () => {
    const plugin = definePlugin({
      name: 'rare',
      version: '1.0.0',
      potstill: '*',
      components: [
        dataset('rare/labels', {
          help: 'One rare label, one common one.',
          options: z.strictObject({ seed: z.int().default(1) }),
          create({ seed }) {
            const size = 200;
            const x = randomStream(seed).normal(size * 3);
            const labels = Float32Array.from({ length: size * 2 }, (_, i) => {
              const value = x[Math.floor(i / 2) * 3 + (i % 2)] as number;
              return Number(value > (i % 2 === 0 ? 1.3 : -0.2));
            });
            return memoryDataset({
              description: {
                inputs: ['x'],
                target: 'labels',
                task: 'multi-label',
                labels: ['rare', 'common'],
              },
              columns: {
                x: { dtype: 'float32', shape: [size, 3], data: x },
                labels: { dtype: 'float32', shape: [size, 2], data: labels },
              },
            });
          },
        }),
      ],
    });
    const part = (seed: number) => ({ use: 'rare/labels', seed });
    const { summary, page } = await run({
      plugin,
      recipe: {
        data: { train: part(1), validation: part(2), test: part(3) },
        teacher: undefined,
        student: { use: 'mlp', hidden: [] },
        losses: ['binary-cross-entropy'],
        // Too short to move the bias to where it belongs.
        train: { epochs: 2, batch: 32, optimizer: 'adam', rate: 0.02, seed: 1 },
        baseline: undefined,
        adjust: [{ use: 'thresholds', by: 'f1' }],
      },
    });
    const [made] = summary.adjustments;
    expect(made?.kind).toBe('thresholds');
    expect(made?.after.f1).toBeGreaterThan(made?.before.f1 ?? NaN);
    expect(summary.student.figures.f1).toBe(made?.after.f1);
    expect(page).toContain('Thresholds');
  });
});
