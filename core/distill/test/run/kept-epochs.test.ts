// `train.keep` and `teacher.epoch`: the teacher as it was after an epoch of its training.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWeights } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const weights = async (...path: string[]) => (await readWeights(join(...path))).variables;

describe('train.keep', () => {
  it('keeps the weights of epochs, as a training that ends there has them', async () => {
    const { runFolder } = await place.run('teacher.yaml', { set: ['train.keep=[1, 3]', 'train.rate=0.01'] });
    const files = await readdir(join(runFolder, 'student'));
    expect(files.filter((name) => name.startsWith('epoch-'))).toEqual([
      'epoch-1.safetensors',
      'epoch-3.safetensors',
    ]);
    const short = await place.run('teacher.yaml', { set: ['train.epochs=3', 'train.rate=0.01'] });
    expect(await weights(runFolder, 'student', 'epoch-3.safetensors')).toEqual(
      await weights(short.runFolder, 'student', 'best.safetensors'),
    );
  });

  it('refuses an epoch that the training does not reach', async () => {
    await expect(place.open('teacher.yaml', 'train.keep=[2, 9]')).rejects.toThrow(
      '`train.keep` names epoch 9, and the training has 4',
    );
  });
});

describe('teacher.epoch', () => {
  const teacher = (rest: string) => `teacher={recipe: ./teacher.yaml, ${rest}}`;

  it('is the teacher of that epoch, of one training for all', async () => {
    const with1 = await place.run('student.yaml', {
      set: [teacher('set: {train.keep: [1]}, epoch: 1'), 'train.epochs=1'],
    });
    place.stages();
    const whole = await place.run('student.yaml', {
      set: [teacher('set: {train.keep: [1]}'), 'train.epochs=1'],
    });
    expect(place.stages()).not.toContain('teacher/report');
    const short = await place.run('student.yaml', {
      set: [teacher('set: {train.epochs: 1}'), 'train.epochs=1'],
    });
    const loss = ({ summary }: typeof whole) => summary.teacher?.figures.crossEntropy;
    expect(loss(with1)).toBe(loss(short));
    expect(loss(with1)).not.toBe(loss(whole));
  });

  it('refuses an epoch that is not kept, before anything is trained', async () => {
    const tried = (rest: string) => place.run('student.yaml', { set: [teacher(rest)] });
    await expect(tried('epoch: 2')).rejects.toThrow(
      'the teacher is to be `tiny-teacher` after epoch 2, and that recipe keeps none',
    );
    await expect(tried('epoch: 2, set: {train.keep: [1, 3]}')).rejects.toThrow('keeps epochs 1, 3');
    expect(place.events.some(({ event }) => event === 'epoch')).toBe(false);
  });

  it('says so where the weights are gone', async () => {
    const set = [teacher('set: {train.keep: [1]}, epoch: 1'), 'train.epochs=1'];
    await place.run('student.yaml', { set });
    const found = (await readdir(place.runs)).find((name) => name.startsWith('tiny-teacher')) ?? '';
    await rm(join(place.runs, found, 'student', 'epoch-1.safetensors'));
    await expect(place.run('student.yaml', { set: [...set, 'train.seed=2'] })).rejects.toMatchObject({
      code: 'RUN_NO_CHECKPOINT',
      message: expect.stringContaining('epoch-1.safetensors does not exist') as string,
    });
  });
});
