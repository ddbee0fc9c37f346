// A finished training keeps its worth when what does not decide its weights is changed.
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recipeHash, trainHash } from 'potstill';
import { editJson, Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';
const results = ['evaluate', 'export', 'report'];

describe('resuming a complete run with the same training', () => {
  it.each([
    ['a metric was added', 'evaluate=[accuracy, { use: top-k, k: 2 }]', 'top2'],
    ['the test data changed', 'data.test={use: tiny/points, size: 50, seed: 8}', 'accuracy'],
  ])('trains nothing when %s, and makes the results again', async (_what, change, metric) => {
    const first = await place.run('student.yaml', { set: [component] });
    place.stages();
    const again = await place.run('student.yaml', { set: [component, change], resume: true });
    expect(place.stages()).toEqual(results);
    expect(again.runFolder).toBe(first.runFolder);
    expect(again.summary.student.figures).toHaveProperty([metric]);
    expect(again.summary.recipeHash).not.toBe(first.summary.recipeHash);
    expect(JSON.parse(await readFile(join(again.runFolder, 'summary.json'), 'utf8'))).toMatchObject(
      again.summary,
    );
    expect(await readFile(join(again.runFolder, 'recipe.yaml'), 'utf8')).toContain(
      change.includes('top-k') ? 'top-k' : 'size: 50',
    );
    const third = await place.run('student.yaml', { set: [component, change], resume: true });
    expect(third.summary).toEqual(again.summary);
    expect(place.stages()).toEqual([]);
  });

  it('writes another form of export of the same weights', async () => {
    const first = await place.run('student.yaml', { set: [component, 'export=[]'] });
    const again = await place.run('student.yaml', { set: [component], resume: true });
    expect(again.runFolder).toBe(first.runFolder);
    expect(await readdir(join(first.runFolder, 'exports'))).toEqual(['student.onnx']);
    expect(again.summary.student.figures.errors).toBe(first.summary.student.figures.errors);
  });

  it('trains the baseline alone when it was switched on afterwards', async () => {
    await place.run('student.yaml', { set: [component, 'baseline=false'] });
    place.stages();
    const { summary } = await place.run('student.yaml', { set: [component], resume: true });
    expect(place.stages()).toEqual(['baseline', ...results]);
    expect(summary.baseline).not.toBeNull();
  });

  it('trains again when the metric that chooses the epoch has other options', async () => {
    const by = (bins: number) => [
      component,
      'train.select=calibrationError',
      `evaluate=[accuracy, { use: calibration, bins: ${bins} }]`,
      'baseline=false',
    ];
    await place.run('student.yaml', { set: by(5) });
    place.stages();
    await place.run('student.yaml', { set: by(7), resume: true });
    expect(place.stages()).toContain('student');
  });

  it('refuses what changes the weights', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    await expect(
      place.run('student.yaml', { set: [component, 'train.epochs=4'], runFolder, resume: true }),
    ).rejects.toThrow(/RUN_OTHER_RECIPE: .*`train\.epochs` was 3 and is now 4/);
  });

  it('refuses a teacher that was replaced meanwhile', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    const file = join(runFolder, 'stages.json');
    await editJson(file, (text) => {
      expect(text).toContain('"fingerprint": "tiny-teacher"');
      return text.replace('"fingerprint": "tiny-teacher"', '"fingerprint": "other weights"');
    });
    await rm(join(runFolder, 'summary.json'));
    await expect(place.run('student.yaml', { set: [component], resume: true })).rejects.toThrow(
      /RUN_OTHER_RECIPE: .* began with another teacher/,
    );
  });
});

describe("a teacher's recipe whose results are changed", () => {
  it('is not trained again', async () => {
    const first = await place.run('student.yaml');
    place.stages();
    const second = await place.run('student.yaml', {
      set: ['teacher.set={evaluate: [accuracy], export: []}', 'train.seed=2'],
    });
    expect(place.stages().filter((stage) => stage.startsWith('teacher'))).toEqual(['teacher']);
    expect(second.summary.teacher?.figures).toEqual(first.summary.teacher?.figures);
  });

  it('is trained again when the metric that chooses its epoch has other options', async () => {
    const by = (bins: number) => {
      const own = [
        'data.validation: { use: tiny/points, seed: 3 }',
        `evaluate: [accuracy, { use: calibration, bins: ${bins} }]`,
        'train.select: calibrationError',
      ];
      return { set: [`teacher.set={${own.join(', ')}}`, 'baseline=false'] };
    };
    const epochs = () =>
      place.events.splice(0).filter((event) => event.event === 'epoch' && event.stage === 'teacher').length;
    await place.run('student.yaml', by(5));
    expect(epochs()).toBe(4);
    await place.run('student.yaml', { set: [...by(5).set, 'train.seed=2'] });
    expect(epochs()).toBe(0);
    await place.run('student.yaml', { set: [...by(7).set, 'train.seed=2'] });
    expect(epochs()).toBe(4);
  });
});

describe('trainHash', () => {
  it('changes with what decides the weights, and with nothing else', async () => {
    const hashes = async (...set: string[]) => {
      const { plan } = await place.open('student.yaml', component, ...set);
      return { train: trainHash(plan), result: recipeHash(plan) };
    };
    const base = await hashes();
    for (const set of [
      'evaluate=[accuracy]',
      'export=[]',
      'baseline=false',
      'data.test={use: tiny/points, seed: 99}',
    ]) {
      const other = await hashes(set);
      expect(other.train, set).toBe(base.train);
      expect(other.result, set).not.toBe(base.result);
    }
    for (const set of [
      'data.validation.seed=99',
      'losses.0.weight=0.4',
      'train.seed=2',
      'train.select=last',
      'student.hidden=[5]',
      'backend=cpu',
      'adjust=[{ use: bias-correction, classes: [1] }]',
    ])
      expect((await hashes(set)).train, set).not.toBe(base.train);
  });
});
