// The checks before training as a user meets them: in a run.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
      'ok input x',
      'ok tap logits',
      'ok sizes',
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

  it('refuses a teacher whose classes are in another order, before anything is trained', async () => {
    await expect(
      place.run('student.yaml', { set: ['teacher={use: tiny/teacher, labels: [b, a, c]}'] }),
    ).rejects.toMatchObject({ code: 'PREFLIGHT_LABELS' });
    expect(place.stages()).toEqual([]);
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

  it('names the data that has no examples', async () => {
    await expect(place.run('student.yaml', { set: [component, 'data.train.size=0'] })).rejects.toMatchObject({
      code: 'DATA_EMPTY',
    });
  });
});
