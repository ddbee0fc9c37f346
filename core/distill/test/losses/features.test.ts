// Losses on layers: regressors, sizes and masks, and what the papers claim of each method.
import { rm } from 'node:fs/promises';
import { lossComponents, type AnyComponent, type RunEvent } from 'potstill';
import { makeComponent, runLoss, runTiny, tinyDataset, tinyStudent, tinyTeacher } from 'potstill/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { methodsPlugin } from './support/models.js';

beforeAll(() => tf.setBackend('cpu'));

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;

const spec = (...shape: (number | null)[]) => ({ dtype: 'float32' as const, shape });

/** A context with one layer of each. */
const context = (student: (number | null)[], teacher: (number | null)[]) => ({
  data: tinyDataset(),
  student: { ...tinyStudent(), outputs: { layer: spec(...student) } },
  teacher: { ...tinyTeacher(), outputs: { layer: spec(...teacher) } },
});

const make = (
  name: string,
  student: (number | null)[],
  teacher: (number | null)[],
  options: Record<string, unknown> = {},
  events: RunEvent[] = [],
) =>
  makeComponent('loss', component(name), context(student, teacher), {
    options: { student: 'layer', teacher: 'layer', ...options },
    events,
  });

describe('a connector', () => {
  it('is said once in a run', async () => {
    const run = await runTiny({
      plugin: methodsPlugin,
      recipe: {
        student: 'methods/student',
        teacher: { use: 'methods/teacher', size: 'large' },
        losses: ['cross-entropy', { use: 'hint', student: 'stage.1', teacher: 'stage.1' }],
        train: { epochs: 1, batch: 16, seed: 1 },
      },
    });
    try {
      const said = run.events.filter((event) => event.event === 'warning' && event.code === 'LOSS_CONNECTOR');
      expect(said).toHaveLength(1);
    } finally {
      await rm(run.folder, { recursive: true, force: true });
    }
  });

  it('is made where the channels differ, and says so', async () => {
    const events: RunEvent[] = [];
    const loss = await make('hint', [8, 8, 32], [8, 8, 64], {}, events);
    expect(loss.variables?.map(({ name, variable }) => [name, variable.shape])).toEqual([
      ['0.connector.kernel', [32, 64]],
      ['0.connector.bias', [64]],
    ]);
    expect(events).toMatchObject([
      {
        code: 'LOSS_CONNECTOR',
        message:
          "hint: a 1x1 convolution takes the student's `layer` [8, 8, 32] to the teacher's 64 channels of `layer`",
      },
    ]);
  });

  it.each([
    ['auto', 0],
    ['none', 0],
    ['linear', 2],
    ['two-layer', 7],
  ])('%s between equal channels has %i variables', async (connector, count) => {
    const loss = await make('hint', [6], [6], { connector });
    expect(loss.variables).toHaveLength(count);
  });

  it('has weights of its seed', async () => {
    const first = await make('hint', [3], [4]);
    const again = await make('hint', [3], [4]);
    const numbers = (loss: typeof first) => Array.from(loss.variables?.[0]?.variable.dataSync() ?? []);
    expect(numbers(again)).toEqual(numbers(first));
    expect(new Set(numbers(first)).size).toBe(12);
  });

  it.each([
    [[4], [8, 8, 4], {}, "the student's `layer` has shape [4], the teacher's `layer` [8, 8, 4]"],
    [[4], [6], { connector: 'none' }, "has 4 channels, the teacher's `layer` 6, and `connector` is `none`"],
    [[4, null], [4, 6], {}, '[4, ?], and the length of its last axis must be known'],
    [[4, 4, 4, 2], [4, 4, 4, 2], {}, 'expected a feature map [h, w, channels] or a vector [channels] or'],
    [[4], [4], { teacher: 'other' }, 'the teacher has no output `other`'],
  ] as const)('refuses %j beside %j', async (student, teacher, options, message) => {
    await expect(make('hint', [...student], [...teacher], options)).rejects.toThrow(message);
  });
});

describe('sizes', () => {
  it('are not changed with `resize: none`', async () => {
    const map = (side: number) => tf.ones([1, side, side, 2]).arraySync() as number[][][][];
    await expect(
      runLoss(component('hint'), {
        options: { student: 'layer', teacher: 'layer', resize: 'none' },
        student: { layer: map(4) },
        teacher: { layer: map(2) },
      }),
    ).rejects.toThrow("hint: the student's layer has shape [1,4,4,2], the teacher's [1,2,2,2]");
  });

  it('of sequences must agree', async () => {
    const states = (length: number) => tf.ones([1, length, 2]).arraySync() as number[][][];
    await expect(
      runLoss(component('hint'), {
        options: { student: 'layer', teacher: 'layer' },
        student: { layer: states(4) },
        teacher: { layer: states(5) },
      }),
    ).rejects.toThrow("hint: the student's layer has shape [1,4,2], the teacher's [1,5,2]");
  });
});
