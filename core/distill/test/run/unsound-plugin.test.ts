// Components that contradict themselves are named before anything is trained.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { definePlugin, loss, student, type Loss } from 'potstill';
import { z } from 'zod';
import { hard, tinyStudent } from '../train/tiny.js';
import { Workplace } from './tiny.js';

const options = z.strictObject({});
const help = 'is unsound';
const variable = () => ({ name: 'scale', variable: tf.tidy(() => tf.variable(tf.ones([1]))) });

const unsound = definePlugin({
  name: 'unsound',
  version: '1.0.0',
  potstill: '*',
  components: [
    student('unsound/missing', {
      help,
      options,
      create() {
        const made = tinyStudent(randomStream(1));
        return { ...made, outputs: { ...made.outputs, attention: { dtype: 'float32', shape: [4] } } };
      },
    }),
    student('unsound/shape', {
      help,
      options,
      create() {
        const made = tinyStudent(randomStream(1));
        return { ...made, outputs: { ...made.outputs, hidden: { dtype: 'float32', shape: [9] } } };
      },
    }),
    student('unsound/twins', {
      help,
      options,
      create() {
        const made = tinyStudent(randomStream(1));
        return {
          ...made,
          variables: made.variables.map((each) => ({ ...each, name: each.name.replace('hidden', 'logits') })),
        };
      },
    }),
    loss('unsound/twins', {
      help,
      options,
      create: () => ({ ...hard, variables: [variable(), variable()] }),
    }),
    loss('unsound/constant', {
      help,
      options,
      create: (): Loss => ({ needs: { student: [], teacher: [], batch: [] }, compute: () => tf.scalar(1) }),
    }),
    loss('unsound/zero', {
      help,
      options,
      create: (): Loss => ({
        needs: { student: ['logits'], teacher: [], batch: [] },
        compute: ({ student: { logits } }) => tf.mean(tf.mul(tf.sign(logits as tf.Tensor), 0)),
      }),
    }),
  ],
});

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  place.known.set('unsound', unsound);
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const set = ['plugins=[tiny, unsound]', 'teacher={use: tiny/teacher}'];

describe('before training, a run names', () => {
  it.each([
    [
      'an output that the student declares and never gives',
      'student=unsound/missing',
      'STUDENT_INVALID',
      /declares the output `attention` and does not give it/,
    ],
    [
      'an output of another shape than declared',
      'student=unsound/shape',
      'STUDENT_INVALID',
      /`hidden` as float32 \[64, 9\] and gives float32 \[64, 8\]/,
    ],
    [
      'two variables of one name of the student',
      'student=unsound/twins',
      'STUDENT_INVALID',
      /two variables .* are named `logits\/kernel`/,
    ],
    [
      'two variables of one name of a loss',
      'losses=[unsound/twins]',
      'LOSS_INVALID',
      /two variables .* are named `scale`/,
    ],
    [
      'a loss that is a constant',
      'losses=[unsound/constant]',
      'PREFLIGHT_LOSS_CONSTANT',
      /the loss `unsound\/constant` is constant/,
    ],
    [
      'a loss whose gradient is zero',
      'losses=[unsound/zero]',
      'PREFLIGHT_LOSS_CONSTANT',
      /the loss `unsound\/zero` is constant/,
    ],
  ])('%s', async (_what, change, code, message) => {
    const run = place.run('student.yaml', { set: [...set, change] });
    await expect(run).rejects.toMatchObject({ code, message: expect.stringMatching(message) as unknown });
    if (!existsSync(place.runs)) return;
    for (const name of await readdir(place.runs))
      for (const stage of ['baseline', 'student'])
        expect(existsSync(join(place.runs, name, stage))).toBe(false);
  });

  it('a constant loss beside others, as a warning', async () => {
    const { summary } = await place.run('student.yaml', {
      set: [...set, 'losses=[cross-entropy, soft-targets, unsound/zero]', 'train.epochs=1'],
    });
    expect(summary.warnings).toContainEqual(
      expect.objectContaining({
        code: 'PREFLIGHT_LOSS_CONSTANT',
        message: 'the loss `unsound/zero` is constant: no variable of the student gets a gradient',
      }),
    );
  });
});
