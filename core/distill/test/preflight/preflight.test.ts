// The checks before training as a user meets them: in a run.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataset, definePlugin, subset, teacher } from 'potstill';
import { z } from 'zod';
import { tinyData, tinyTeacher } from '../train/tiny.js';
import { Workplace } from '../run/tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';
const short = 'train.epochs=1';

describe('preflight', () => {
  it('puts what it found into the summary', async () => {
    const { summary } = await place.run('student.yaml', { set: [component, short] });
    expect(summary.preflight.map(({ code, level }) => `${level} ${code}`)).toEqual([
      'ok labels',
      'ok duplicates',
      'ok sample',
      'ok input x',
      'ok tap logits',
      'ok sizes',
      'ok steady',
      'ok teacher',
      'ok agreement',
      'ok forecast',
    ]);
    expect(summary.warnings.filter(({ code }) => code.startsWith('PREFLIGHT'))).toEqual([]);
  });

  it('leaves the result as it is without it', async () => {
    const first = await place.run('student.yaml', { set: [component] });
    const second = await place.run('student.yaml', { set: [component, 'preflight.enabled=false'] });
    expect(second.summary.preflight).toEqual([]);
    for (const file of ['student/last.safetensors', 'baseline/last.safetensors'])
      expect(await readFile(join(second.runFolder, file))).toEqual(
        await readFile(join(first.runFolder, file)),
      );
  });

  it('refuses a teacher whose labels are wrong, before anything is trained, and names the right ones', async () => {
    await expect(
      place.run('student.yaml', { set: ['teacher={use: tiny/teacher, labels: [b, a, c]}'] }),
    ).rejects.toMatchObject({
      code: 'PREFLIGHT_CLASS_ORDER',
      records: [{ hint: expect.stringContaining('labels: [a, b, c]') as string }],
    });
    expect(place.stages()).toEqual([]);
  });

  it('refuses a teacher of other classes', async () => {
    await expect(
      place.run('student.yaml', { set: ['teacher={use: tiny/teacher, labels: [a, b, d]}'] }),
    ).rejects.toMatchObject({ code: 'PREFLIGHT_LABELS' });
  });

  it('refuses a student with another number of classes than its teacher', async () => {
    await expect(place.run('student.yaml', { set: [component, 'student.classes=4'] })).rejects.toThrow(
      /PREFLIGHT_LABELS: the data names 3 classes, the student scores 4/,
    );
  });

  it('refuses a teacher that answers alike to everything', async () => {
    await expect(
      place.run('student.yaml', { set: ['teacher={use: tiny/teacher, constant: true}'] }),
    ).rejects.toMatchObject({ code: 'PREFLIGHT_TAP' });
  });

  it('warns of a teacher that is smaller than its student, once, and goes on', async () => {
    const { summary } = await place.run('student.yaml', {
      set: ['teacher={use: tiny/teacher, parameters: 9}', short],
    });
    expect(summary.warnings.map(({ code }) => code)).toContain('PREFLIGHT_TEACHER_SMALLER');
    const said = place.events.filter(
      (event) => event.event === 'warning' && event.code === 'PREFLIGHT_TEACHER_SMALLER',
    );
    expect(said).toHaveLength(1);
  });

  it('looks at what there is when the sample is larger than the data', async () => {
    const { summary } = await place.run('student.yaml', {
      set: [component, short, 'data.train.size=1', 'preflight.sample=512'],
    });
    expect(summary.preflight.find(({ code }) => code === 'input x')?.message).toContain('float32 [1, 6]');
  });

  it('looks at examples of the whole set where it is stored class by class', async () => {
    const batches: (readonly number[])[] = [];
    place.known.set(
      'sorted',
      definePlugin({
        name: 'sorted',
        version: '1.0.0',
        potstill: '*',
        components: [
          dataset('sorted/points', {
            help: 'points, those of one class after another',
            options: z.strictObject({}),
            create() {
              const data = tinyData(300);
              const targets = Array.from(data.targets ?? []);
              const order = targets.map((_, i) => i).sort((a, b) => (targets[a] ?? 0) - (targets[b] ?? 0));
              return subset(data, order);
            },
          }),
          teacher('sorted/teacher', {
            help: 'notes the classes that it is asked about',
            options: z.strictObject({}),
            create: () => tinyTeacher(({ tensors }) => batches.push(Array.from(tensors.label?.data ?? []))),
          }),
        ],
      }),
    );
    const set = [
      'plugins=[tiny, sorted]',
      'data.train={use: sorted/points}',
      'teacher=sorted/teacher',
      short,
    ];
    const { summary } = await place.run('student.yaml', { set: [...set, 'preflight.sample=30'] });
    const found = summary.preflight.map(({ message }) => message);
    expect(found).toContain('looked at 30 drawn from all 300 training examples');
    // The sample is the first that the teacher is asked about.
    expect(batches[0]).toHaveLength(30);
    expect(new Set(batches[0])).toEqual(new Set([0, 1, 2]));
  });

  it('says that of a long stream the beginning was looked at', async () => {
    const { summary } = await place.run('student.yaml', {
      set: ['data.train={use: tiny/stream, size: 70}', component, short, 'preflight.sample=2'],
    });
    expect(summary.preflight[1]?.message).toBe(
      'looked at 2 drawn from the first 32 of 70 training examples, which are read as a stream',
    );
  });

  it('names the data that has no examples', async () => {
    await expect(place.run('student.yaml', { set: [component, 'data.train.size=0'] })).rejects.toMatchObject({
      code: 'DATA_EMPTY',
    });
  });
});
