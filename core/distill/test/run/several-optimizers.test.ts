// Recipes in which losses train variables of their own, balance themselves, or make their examples: whole runs.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import { decodeSafetensors } from '../../src/files/safetensors.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const recipe = (losses: string, more = '', teacher = '{ recipe: ./teacher.yaml, live: true }') => `
name: tiny-student
plugins: [tiny]
data:
  train: { use: tiny/points, size: 70 }
  validation: { use: tiny/points, size: 40, seed: 7 }
  test: { use: tiny/points, size: 60, seed: 6 }
teacher: ${teacher}
student: { use: mlp, hidden: [4] }
losses: ${losses}
train: { epochs: 4, batch: 16, rate: 0.05${more} }
baseline: false
threads: 1
preflight: { sample: 64 }
`;

async function wholeAndResumed(name: string) {
  const whole = await place.run(name, { runsFolder: join(place.folder, 'whole') });
  const controller = new AbortController();
  const progress = {
    emit(event: RunEvent) {
      if (event.event === 'epoch' && event.stage === 'student' && event.epoch === 2) controller.abort();
    },
  };
  await expect(
    place.run(name, { signal: controller.signal, services: { progress }, checkpointEvery: { steps: 2 } }),
  ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
  return { whole, resumed: await place.run(name, { resume: true }) };
}

async function slots(run: string): Promise<string[]> {
  const path = join(run, 'student/last.safetensors');
  return Object.keys(decodeSafetensors(await readFile(path), path).tensors);
}

const both = '[cross-entropy, { use: soft-targets, temperature: 2, weight: 0.5 }]';

describe.each([
  ['a generator (DAFL)', '[{ use: dafl, examples: 32, noise: 8, width: 16, features: hidden.0 }]', ''],
  ['a generator in turns (ZSKT)', '[{ use: zskt, examples: 32, noise: 8, width: 16, studentSteps: 2 }]', ''],
  ['losses balanced by uncertainty', both, ', balance: uncertainty'],
  ['losses balanced by gradients', both, ', balance: { by: gradnorm, alpha: 1 }'],
  ['distillation-oriented momentum', both, ', optimizer: dot'],
  [
    'a regressor with an optimizer of its own',
    '[cross-entropy, { use: hint, student: hidden.0, teacher: hidden.0, optimizer: { use: sgd, momentum: 0.9 }, rate: { use: linear, from: 0.01, to: 0 } }]',
    '',
  ],
])('%s', (_name, losses, more) => {
  it('trains, and resumes to the same bytes', async () => {
    await place.write('student.yaml', recipe(losses, more));
    const { whole, resumed } = await wholeAndResumed('student.yaml');
    for (const file of ['student/last.safetensors', 'student/best.safetensors', 'metrics.jsonl'])
      expect(await readFile(join(resumed.runFolder, file)), file).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
  });
});

describe('class-wise self-distillation', () => {
  it('trains on pairs of one class, without a teacher', async () => {
    const text = recipe('[cross-entropy, { use: class-wise, weight: 1 }]')
      .replace(/teacher: .*\n/, '')
      .replace('baseline: false\n', '')
      .replace('size: 70 }', 'size: 70 }\n  sampler: pairs');
    await place.write('student.yaml', text);
    const { whole, resumed } = await wholeAndResumed('student.yaml');
    expect(resumed.summary.student.figures).toEqual(whole.summary.student.figures);
    expect(whole.summary.student.figures.accuracy).toBeGreaterThan(0.6);
  });

  it('is not for transfer data, whose classes are not known', async () => {
    const text = recipe('[cross-entropy, class-wise]').replace(
      'size: 70 }',
      'size: 70 }\n  transfer: { use: tiny/points, size: 20 }\n  sampler: pairs',
    );
    await place.write('student.yaml', text);
    await expect(place.run('student.yaml')).rejects.toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message: expect.stringContaining('needs the class of every example') as string,
    });
  });
});

describe('a student that learns without data', () => {
  it('comes to agree with its teacher, whose answers to the data it never sees', async () => {
    await place.write(
      'student.yaml',
      recipe('[{ use: dafl, examples: 64, noise: 8, width: 16, rate: 0.01 }]', '', undefined).replace(
        'epochs: 4',
        'epochs: 30',
      ),
    );
    const { summary, runFolder } = await place.run('student.yaml');
    expect(summary.student.figures.agreement).toBeGreaterThan(0.6);
    expect((await slots(runFolder)).join()).toContain('slots/losses/dafl/first.kernel/');
  });
});

describe('a loss with an optimizer of its own', () => {
  it('has slots of that optimizer, the student those of another', async () => {
    await place.write(
      'student.yaml',
      recipe(
        '[cross-entropy, { use: hint, student: hidden.0, teacher: hidden.0, optimizer: { use: sgd, momentum: 0.9 } }]',
      ),
    );
    const names = await slots((await place.run('student.yaml')).runFolder);
    const own = names.filter((name) => name.startsWith('slots/losses/hint/'));
    expect(own.length).toBeGreaterThan(0);
    expect(own.every((name) => name.endsWith('/velocity'))).toBe(true);
    expect(names.some((name) => /^slots\/logits\..*\/velocity$/.test(name))).toBe(false);
  });
});

describe('what cannot be', () => {
  it.each([
    [
      recipe('[dafl]', '', '{ recipe: ./teacher.yaml }'),
      'RECIPE_LOSS_NEEDS',
      'the loss `dafl` runs the teacher on examples that it makes',
    ],
    [
      recipe('[{ use: cross-entropy, rate: 0.1 }]'),
      'RECIPE_BAD_VALUE',
      'the loss `cross-entropy` has no variables of its own, which its `rate` would be for',
    ],
    [
      recipe(both, ', balance: uncertainty', 'peers'),
      'RECIPE_BAD_VALUE',
      '`train.balance` is for the losses of one student',
    ],
    [
      recipe(both, ', balance: { by: gradnorm, layer: nothing }'),
      'RECIPE_BAD_VALUE',
      '`train.balance` names the layer `nothing`',
    ],
    [
      recipe('[cross-entropy, dafl]', ', optimizer: dot, clip: { norm: 1 }'),
      'ENGINE_OPTION',
      'cannot be clipped together',
    ],
  ])('is refused before anything is trained', async (text, code, message) => {
    await place.write('student.yaml', text);
    await expect(place.run('student.yaml')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});
