// Contrastive losses: values by hand, invariances, the memory bank over steps.
import { rm } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { lossComponents, type AnyComponent } from 'potstill';
import { runLoss, runTiny } from 'potstill/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { methodsPlugin } from './support/models.js';

beforeAll(() => tf.setBackend('cpu'));

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;
type Rows = number[][];
const infoNce = async (student: Rows, teacher: Rows, options = {}) =>
  (
    await runLoss(component('info-nce'), {
      options,
      student: { features: student },
      teacher: { features: teacher },
    })
  ).value;

const number = fc.float({ min: -2, max: 2, noNaN: true, noDefaultInfinity: true });
const rows = fc.array(
  fc.array(number, { minLength: 3, maxLength: 3 }).map(([a = 0, b = 0, c = 0]) => [a + 5, b, c]),
  { minLength: 4, maxLength: 4 },
);

describe('info-nce', () => {
  it('is the logarithm of the batch where all are alike, and 0 for one example', async () => {
    const same = [
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    expect(await infoNce(same, same)).toBeCloseTo(Math.log(3), 5);
    expect(await infoNce([[1, 2]], [[3, -1]])).toBeCloseTo(0, 6);
  });

  it('goes to 0 where each picks its own', async () => {
    const v = [
      [1, 0],
      [0, 1],
    ];
    expect(await infoNce(v, v)).toBeLessThan(1e-8);
    expect(await infoNce(v, [...v].reverse())).toBeCloseTo(20, 4);
  });

  it('does not change by the length of embeddings, nor by the order of the examples', async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, async (z, v) => {
        const options = { temperature: 0.5 };
        const before = await infoNce(z, v, options);
        const longer = z.map((row) => row.map((each) => each * 3));
        expect(await infoNce(longer, v, options)).toBeCloseTo(before, 4);
        expect(await infoNce([...z].reverse(), [...v].reverse(), options)).toBeCloseTo(before, 4);
      }),
      { numRuns: 15 },
    );
  });

  it('both ways is the same with student and teacher exchanged', async () => {
    const options = { temperature: 0.5, symmetric: true };
    await fc.assert(
      fc.asyncProperty(rows, rows, async (z, v) => {
        expect(await infoNce(z, v, options)).toBeCloseTo(await infoNce(v, z, options), 4);
      }),
      { numRuns: 15 },
    );
  });
});

describe('contrastive-representation', () => {
  it.each([5, 16384])('trains with a bank of all examples and %i negatives', async (negatives) => {
    const run = await runTiny({
      plugin: methodsPlugin,
      recipe: {
        student: 'methods/student',
        teacher: { use: 'methods/teacher', size: 'large' },
        losses: [{ use: 'contrastive-representation', size: 8, negatives, name: 'crd' }],
        train: { epochs: 8, batch: 16, optimizer: 'adam', rate: 0.01, seed: 1 },
      },
    });
    try {
      const values = run.events.flatMap((event) =>
        event.event === 'epoch' ? [event.metrics['loss.crd'] as number] : [],
      );
      expect(values.length).toBe(8);
      expect(values.every(Number.isFinite), values.join()).toBe(true);
      expect(values.at(-1), values.join()).toBeLessThan(values[0] as number);
    } finally {
      await rm(run.folder, { recursive: true, force: true });
    }
  });

  it('names an output whose size varies', async () => {
    await expect(
      runLoss(component('contrastive-representation'), {
        student: { features: [[1]] },
        teacher: { other: [[1]] },
      }),
    ).rejects.toThrow('contrastive-representation: the teacher has no output `features`');
  });
});
