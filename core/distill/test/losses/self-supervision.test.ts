// Distillation with self-supervision: torchdistill's values, which answers are learnt, and whole runs with a teacher in the step.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { dataset, definePlugin, loss, type RunEvent } from 'potstill';
import { checkGoldenCases, goldenCases, runLoss, trialOf } from 'potstill/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryDataset } from '../../src/data/index.js';
import { decodeSafetensors } from '../../src/files/safetensors.js';
import { contrastiveTask, leastWrong, likeness } from '../../src/losses/schemes/contrastive-task.js';
import { rotations } from '../../src/losses/schemes/rotations.js';
import { selfSupervisionLoss } from '../../src/losses/schemes/self-supervision.js';
import { Workplace } from '../run/tiny.js';

beforeAll(() => tf.setBackend('cpu'));

const golden = (name: string) => new URL(`../../../../test/golden/methods/${name}.json`, import.meta.url);
const side = 8;

/** Three classes of images: a bright row, a bright column, a bright corner. */
function images(size: number, seed: number, height = side) {
  const random = randomStream(seed);
  const label = Int32Array.from({ length: size }, (_, i) => random.child('label').integer(3, i));
  const x = random.child('noise').normal(size * height * side);
  x.forEach((value, at) => {
    const [i, row, column] = [Math.floor(at / (height * side)), Math.floor(at / side) % height, at % side];
    const bright = [row === 1, column === 1, row < 3 && column < 3][label[i] as number] ?? false;
    x[at] = 0.3 * value + (bright ? 2 : 0);
  });
  return memoryDataset({
    description: { inputs: ['x'], target: 'label', labels: ['row', 'column', 'corner'] },
    columns: {
      x: { dtype: 'float32', shape: [size, height, side, 1], data: x },
      label: { dtype: 'int32', shape: [size], data: label },
    },
  });
}

const square = { context: { data: images(4, 1) } };

describe('self-supervision', () => {
  it('has the values and gradients of torchdistill', () =>
    checkGoldenCases(selfSupervisionLoss, golden('self-supervision'), square));

  it('has torchdistill’s task for the head', () => {
    const task = loss('contrastive-task', {
      help: 'The task alone.',
      options: z.strictObject({}),
      create: () => ({
        needs: { student: ['rows'], teacher: [], batch: [] },
        compute: ({ student: { rows } }) => contrastiveTask(likeness(rows as tf.Tensor2D)),
      }),
    });
    return checkGoldenCases(task, golden('contrastive-task'));
  });

  it('does not hide a teacher that is not finite', async () => {
    const [, one] = goldenCases(golden('self-supervision'));
    if (!one) throw new Error('the file has too few cases');
    for (const output of ['logits', 'features']) {
      const given = one.teacher[output];
      if (!given) throw new Error(`no ${output}`);
      const teacher = { ...one.teacher, [output]: { ...given, data: given.data.map(() => 'nan' as const) } };
      const { value } = await runLoss(selfSupervisionLoss, trialOf({ ...one, teacher }, square));
      expect(value, output).toBeNaN();
    }
  });

  it('is refused for images that are not square', async () => {
    const [one] = goldenCases(golden('self-supervision'));
    if (!one) throw new Error('the file has no case');
    const trial = trialOf(one, { context: { data: images(4, 1, 6) } });
    await expect(runLoss(selfSupervisionLoss, trial)).rejects.toMatchObject({
      code: 'LOSS_INVALID',
      message: expect.stringContaining(
        'self-supervision: the input `x` has shape [6, 8, 1], which cannot be turned by quarters',
      ) as string,
    });
    const features = trialOf({ ...one, options: { teacherFeatures: 'hidden' } }, square);
    await expect(runLoss(selfSupervisionLoss, features)).rejects.toMatchObject({
      code: 'LOSS_INVALID',
      message: expect.stringContaining('self-supervision: the teacher has no output `hidden`') as string,
    });
  });
});

describe('turned images', () => {
  it('are turned against the clock, with and without channels', async () => {
    const image = [
      [1, 2],
      [3, 4],
    ];
    const turned = [image, [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]; // prettier-ignore
    expect(await rotations(tf.tensor3d([image])).array()).toEqual(turned);
    const deep = rotations(tf.tensor4d([image.map((row) => row.map((each) => [each, -each]))]));
    expect(await deep.array()).toEqual(
      turned.map((rows) => rows.map((row) => row.map((each) => [each, -each]))),
    );
  });
});

describe('answers that are learnt', () => {
  const first = (ratio: number, scores: number[][]) => {
    const target = tf.tensor2d(scores.map(() => [1, 0, 0]));
    const share = leastWrong(tf.tensor2d(scores), target, ratio).dataSync();
    const count = share.filter((each) => each > 0).length;
    return Array.from(share, (each) => Math.round(each * count * 1e4) / 1e4);
  };
  const [right, second, third] = [[3, 2, 1], [2, 3, 1], [1, 2, 3]]; // prettier-ignore

  it('are the right ones, and of the others the least wrong, the earlier first', () => {
    const scores = [third, right, second, second, third] as number[][];
    expect(first(0, scores)).toEqual([0, 1, 0, 0, 0]);
    expect(first(0.25, scores)).toEqual([0, 1, 1, 0, 0]);
    expect(first(0.5, scores)).toEqual([0, 1, 1, 1, 0]);
    expect(first(0.99, scores)).toEqual([1, 1, 1, 1, 0]);
    expect(first(1, scores)).toEqual([1, 1, 1, 1, 1]);
  });
});

const recipe = (name: string, rest: string) => `
name: ${name}
plugins: [shapes]
data:
  train: { use: shapes/images, size: 64 }
  test: { use: shapes/images, size: 48, seed: 6 }
${rest}
baseline: false
threads: 1
`;
const teacher = recipe(
  'teacher',
  'student: { use: cnn, width: 4 }\nlosses: [cross-entropy]\ntrain: { epochs: 2, batch: 16, rate: 0.01 }',
);
const student = (live: boolean) =>
  recipe(
    'student',
    `teacher: { recipe: ./shapes-teacher.yaml, live: ${live} }
student: { use: cnn, width: 2 }
losses: [{ use: cross-entropy, weight: 0.1 }, { use: self-supervision, headPhase: 0.5 }]
train: { epochs: 4, batch: 16, rate: 0.01 }`,
  );

describe('a run', () => {
  let place: Workplace;
  beforeEach(async () => {
    place = await Workplace.make();
    place.known.set(
      'shapes',
      definePlugin({
        name: 'shapes',
        version: '1.0.0',
        potstill: '*',
        components: [
          dataset('shapes/images', {
            help: 'images of three shapes',
            options: z.object({ size: z.int(), seed: z.int().default(5) }),
            create: ({ size, seed }) => images(size, seed),
          }),
        ],
      }),
    );
    await place.write('shapes-teacher.yaml', teacher);
  });
  afterEach(() => rm(place.folder, { recursive: true, force: true }));

  /** The heads' kernels, of the last checkpoint of a run. */
  const heads = async (run: string) => {
    const path = join(run, 'student/last.safetensors');
    const { tensors } = decodeSafetensors(await readFile(path), path);
    return Object.fromEntries(
      Object.entries(tensors).flatMap(([name, each]) => {
        const found = /^(?!slots).*(losses\/self-supervision\/.*kernel)$/.exec(name)?.[1];
        return found === undefined ? [] : [[found, each]];
      }),
    );
  };

  /** The heads where the run is stopped in that epoch. */
  const stopAfter = async (epoch: number, resume = false) => {
    const controller = new AbortController();
    const progress = {
      emit(event: RunEvent) {
        if (event.event === 'epoch' && event.stage === 'student' && event.epoch === epoch) controller.abort();
      },
    };
    await expect(
      place.run('shapes.yaml', { signal: controller.signal, resume, services: { progress } }),
    ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
    const run = (await readdir(place.runs)).find((each) => each.startsWith('student'));
    return heads(join(place.runs, run ?? ''));
  };

  it('trains the teacher’s head first and then the student’s, and resumes to the same bytes', async () => {
    await place.write('shapes.yaml', student(true));
    const whole = await place.run('shapes.yaml', { runsFolder: join(place.folder, 'whole') });
    const [first, second] = [await stopAfter(1), await stopAfter(2, true)];
    const { runFolder } = await place.run('shapes.yaml', { resume: true });
    const end = await heads(runFolder);
    expect(Object.keys(end)).toHaveLength(4);
    expect(end).toEqual(await heads(whole.runFolder));
    for (const layer of ['first', 'second']) {
      const [ofTeacher, ofStudent] = ['teacher', 'student'].map(
        (whose) => `losses/self-supervision/${whose}.${layer}.kernel`,
      ) as [string, string];
      expect(first[ofTeacher], ofTeacher).not.toEqual(second[ofTeacher]);
      expect(first[ofStudent], ofStudent).toBeDefined();
      expect(first[ofStudent], ofStudent).toEqual(second[ofStudent]);
      expect(end[ofStudent], ofStudent).not.toEqual(second[ofStudent]);
    }
  });

  it('is refused where the teacher is not in the step', async () => {
    await place.write('shapes.yaml', student(false));
    await expect(place.run('shapes.yaml')).rejects.toMatchObject({
      code: 'RECIPE_LOSS_NEEDS',
      message: expect.stringContaining(
        'the loss `self-supervision` runs the teacher on examples that it makes',
      ) as string,
    });
  });
});
