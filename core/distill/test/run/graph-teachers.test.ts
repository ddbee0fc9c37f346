// Teachers that are computed in the training step, in whole runs.
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

const recipe = (teacher: string, losses = '') => `
name: tiny-student
plugins: [tiny]
data:
  train: { use: tiny/points, size: 70 }
  validation: { use: tiny/points, size: 40, seed: 7 }
  test: { use: tiny/points, size: 60, seed: 6 }
${teacher}
student: { use: mlp, hidden: [4], dropout: 0.2 }
losses:
  - cross-entropy
${losses || '  - { use: soft-targets, temperature: 2, weight: 0.5 }'}
train: { epochs: 3, batch: 16, optimizer: { use: sgd, momentum: 0.9 }, rate: 0.05 }
baseline: false
threads: 1
preflight: { sample: 64 }
`;

async function tensors(run: string, file: string) {
  const path = join(run, file);
  return decodeSafetensors(await readFile(path), path).tensors;
}

/** Runs it whole, and once more with a stop in the middle of an epoch. */
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

describe.each([
  ['self', 'teacher: self', ''],
  ['mean-teacher', 'teacher: { use: mean-teacher, decay: 0.9, noise: 0.1, dropout: true }', ''],
  ['peers', 'teacher: peers', ''],
  ['two peers', 'teacher: { use: peers, count: 2, student: { use: mlp, hidden: [5] } }', ''],
  ['noisy', 'teacher: { use: noisy, teacher: tiny/teacher }', ''],
  ['live', 'teacher: { recipe: ./teacher.yaml, live: true }', ''],
  [
    'several',
    'teachers: { mean: { use: mean-teacher, decay: 0.9 }, friend: peers, big: tiny/teacher, noisy: { use: noisy, teacher: tiny/teacher } }',
    ['mean', 'friend', 'big', 'noisy']
      .map((name) => `  - { use: soft-targets, name: ${name}, teacher: ${name}/logits }`)
      .join('\n'),
  ],
])('the teacher %s', (_name, teacher, losses) => {
  it('trains, and resumes to the same bytes', async () => {
    await place.write('student.yaml', recipe(teacher, losses));
    const { whole, resumed } = await wholeAndResumed('student.yaml');
    for (const file of ['student/last.safetensors', 'student/best.safetensors', 'exports/student.onnx'])
      expect(await readFile(join(resumed.runFolder, file)), file).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
    expect(resumed.summary.student.figures).toEqual(whole.summary.student.figures);
    expect(resumed.summary.teacher).toMatchObject({ figures: whole.summary.teacher?.figures });
  });
});

describe('a mean teacher', () => {
  it('is kept beside the student, and measured by the weights that are kept', async () => {
    await place.write('student.yaml', recipe('teacher: { use: mean-teacher, decay: 0.5, rampUp: false }'));
    const { runFolder, summary } = await place.run('student.yaml');
    const kept = await tensors(runFolder, 'student/teacher.safetensors');
    const student = await tensors(runFolder, 'student/best.safetensors');
    expect(Object.keys(kept)).toEqual([
      'teacher/updates',
      ...Object.keys(student).map((name) => `teacher/weights/${name}`),
    ]);
    expect(Array.from(kept['teacher/weights/logits.kernel']?.data ?? [])).not.toEqual(
      Array.from(student['logits.kernel']?.data ?? []),
    );
    expect(summary.teacher?.figures.accuracy).toBeGreaterThan(0.5);
  });
});

describe('peers', () => {
  it('are in the summary and the report, and a peer has the losses of the student', async () => {
    await place.write('student.yaml', recipe('teacher: { use: peers, count: 2 }'));
    const { runFolder, summary } = await place.run('student.yaml');
    expect(Object.keys(summary.peers ?? {})).toEqual(['peer-1', 'peer-2']);
    expect(summary.peers?.['peer-1']?.figures.accuracy).toBeGreaterThan(0.5);
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    expect(report).toContain('Students that taught each other');
    const epochs = (await readFile(join(runFolder, 'metrics.jsonl'), 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const names = Object.keys(epochs.at(-1) ?? {}).join();
    for (const name of [
      'cross-entropy@peer-1',
      'soft-targets:peer-1',
      'soft-targets:peer-2',
      'soft-targets@peer-2:student',
      'soft-targets@peer-2:peer-1',
    ])
      expect(names).toContain(`loss.${name}`);
  });
});

describe('what cannot be', () => {
  it('is refused before anything is trained', async () => {
    await place.write('student.yaml', recipe('teachers: { mean: mean-teacher, big: tiny/teacher }'));
    await expect(place.run('student.yaml')).rejects.toMatchObject({
      code: 'RECIPE_LOSS_NEEDS',
      message: expect.stringContaining('reads the output `logits` of the teacher') as string,
    });
    await place.write('student.yaml', recipe('teachers: { a: peers, b: peers }'));
    await expect(place.run('student.yaml')).rejects.toMatchObject({
      code: 'TEACHER_INVALID',
      message: expect.stringContaining('`a` and `b` are both peers') as string,
    });
    await place.write('student.yaml', recipe('teacher: { use: noisy, teacher: self }'));
    await expect(place.run('student.yaml')).rejects.toMatchObject({
      code: 'TEACHER_INVALID',
      message: expect.stringContaining('not of one that is computed in the step') as string,
    });
  });
});
