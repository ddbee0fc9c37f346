// `stages`: one recipe trained in several stages, each of which takes up the student of the one before.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatErrors } from 'potstill';
import { recipeYaml } from '../../src/run/recipe-yaml.js';
import { recipeHash, trainHash } from '../../src/recipe/resolved.js';
import { checkRecipe } from '../../src/run/check-recipe.js';
import { teacherStoreFolder } from '../../src/run/names.js';
import { readWeights } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

const staged = `
name: tiny
plugins: [tiny]
data:
  train: { use: tiny/points, size: 70 }
  validation: { use: tiny/points, size: 40, seed: 7 }
  test: { use: tiny/points, size: 60, seed: 6 }
teacher: { use: tiny/teacher }
student: { use: mlp, hidden: [4], dropout: 0.2 }
losses: [{ use: soft-targets, temperature: 2 }]
train: { epochs: 2, batch: 16, rate: 0.05 }
threads: 1
preflight: { enabled: false }
stages:
  - name: labels
    losses: [cross-entropy]
    train: { epochs: 1 }
  - name: smaller
    data: { train: { size: 50 }, test: { size: 30 } }
  - name: soft
`;

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  await place.write('staged.yaml', staged);
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const folders = async () => (await readdir(place.runs)).filter((name) => name !== teacherStoreFolder).sort();
const weights = async (folder: string, ...names: string[]) =>
  (await readWeights(join(folder, ...names))).variables;
const trained = () => [
  ...new Set(place.events.splice(0).flatMap((event) => (event.event === 'epoch' ? [event.stage] : []))),
];
const shown = async (failed: Promise<unknown>) => {
  const error = await failed.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return formatErrors(error).replaceAll(place.folder, '');
};

describe('a recipe with stages', () => {
  it('is a run a stage, each of which begins where the one before ended', async () => {
    const { runFolder, summary } = await place.run('staged.yaml');
    expect((await folders()).map((name) => name.replace(/-[0-9a-f]{8}$/, ''))).toEqual([
      'tiny-labels',
      'tiny-smaller',
      'tiny-soft',
    ]);
    expect(trained()).toEqual([
      ...['labels/baseline', 'labels/student', 'smaller/baseline', 'smaller/student', 'baseline', 'student'],
    ]);
    expect(runFolder).toContain('tiny-soft-');
    expect(summary.begun).toMatchObject({ from: 'smaller', taken: 4, baseline: 'own', taught: true });
    expect(summary.begun?.chain.map(({ name }) => name)).toEqual(['tiny-labels', 'tiny-smaller']);
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    for (const { path, name } of summary.begun?.chain ?? []) {
      expect(report).toContain(`<a href="${path}/report.html">${name}</a>`);
      expect(await readFile(join(runFolder, path, 'report.html'), 'utf8')).toContain(name);
    }
    // With a rate of 0 in the last stage both students are what they were before it.
    const still = await place.run('staged.yaml', {
      set: ['stages.2={name: still, train: {rate: 0, optimizer: sgd}}'],
    });
    expect(trained()).toEqual(['baseline', 'student']);
    const before = join(still.runFolder, still.summary.begun?.path ?? '');
    for (const name of ['student', 'baseline'])
      expect(await weights(still.runFolder, name, 'best.safetensors')).toEqual(
        await weights(before, name, 'best.safetensors'),
      );
  });

  it('is the recipe with changes, each stage the run of its own recipe', async () => {
    const { plan } = await place.open('staged.yaml');
    const smaller = plan.begin?.kind === 'stage' ? plan.begin.plan : undefined;
    const labels = smaller?.begin?.kind === 'stage' ? smaller.begin.plan : undefined;
    expect([labels, smaller, plan].map((each) => each?.train.epochs)).toEqual([1, 2, 2]);
    expect(labels?.losses.map(({ name }) => name)).toEqual(['cross-entropy']);
    expect(smaller?.data.train.component.options).toMatchObject({ size: 50, seed: 5 });
    expect(plan.data.train.component.options).toMatchObject({ size: 70 });

    await place.write('again.yaml', recipeYaml(plan));
    const again = await place.open('again.yaml');
    expect(recipeYaml(again.plan)).toBe(recipeYaml(plan));
    expect(recipeHash(again.plan)).toBe(recipeHash(plan));
    expect(trainHash(again.plan)).toBe(trainHash(plan));
  });

  it('does nothing again that is done, and of a change only what comes after it', async () => {
    await place.run('staged.yaml');
    trained();
    await place.run('staged.yaml', { set: ['stages.1.train={epochs: 1}'] });
    expect(trained()).toEqual(['smaller/baseline', 'smaller/student', 'baseline', 'student']);
    await place.run('staged.yaml', { set: ['stages.2.train={epochs: 1}'] });
    expect(trained()).toEqual(['baseline', 'student']);
    // What is written at the end decides no weights.
    await place.run('staged.yaml', { set: ['export=[]', 'stages.2.train={epochs: 3}'] });
    expect(trained()).toEqual(['baseline', 'student']);
  });

  it('is resumed in the stage that was interrupted, to the same result', async () => {
    const whole = await place.run('staged.yaml');
    const bytes = (folder: string) => readFile(join(folder, 'student', 'last.safetensors'));
    const expected = await bytes(whole.runFolder);
    await rm(place.runs, { recursive: true });
    const stop = new AbortController();
    const interrupted = place.run('staged.yaml', {
      signal: stop.signal,
      checkpointEvery: { steps: 1 },
      services: {
        progress: {
          emit(event) {
            if (event.event === 'epoch' && event.stage === 'smaller/student') stop.abort();
          },
        },
      },
    });
    await expect(interrupted).rejects.toThrow(/TRAIN_INTERRUPTED/);
    place.events.length = 0;
    const resumed = await place.run('staged.yaml', { resume: true });
    expect(trained()).toEqual(['smaller/student', 'baseline', 'student']);
    expect(await bytes(resumed.runFolder)).toEqual(expected);
    expect(await folders()).toHaveLength(3);
  });

  it('says how a run to resume differs in a stage before', async () => {
    const { runFolder } = await place.run('staged.yaml');
    expect(
      await shown(place.run('staged.yaml', { set: ['stages.0.train.epochs=3'], runFolder, resume: true })),
    ).toContain('is of another run: `stages.0.train.epochs` was 1 and is now 3');
  });

  it('works with seeds and a sweep of any stage', async () => {
    const { series, runFolder } = await place.run('staged.yaml', {
      set: [
        'seeds=2',
        'baseline=false',
        'sweep={grid: {stages.0.train.epochs: [1, 2], losses.0.temperature: [1]}}',
      ],
    });
    expect(series?.points.map(({ values }) => values)).toEqual([
      { 'stages.0.train.epochs': 1, 'losses.0.temperature': 1 },
      { 'stages.0.train.epochs': 2, 'losses.0.temperature': 1 },
    ]);
    // Three stages, two points, two seeds; every run of a stage in a folder of its own, and that of the whole.
    expect(await folders()).toHaveLength(13);
    expect(trained().filter((stage) => stage.startsWith('point-2.seed-2'))).toEqual([
      'point-2.seed-2/labels/student',
      'point-2.seed-2/smaller/student',
      'point-2.seed-2/student',
    ]);
    const best = series?.points[series.best.point];
    expect(best?.runs.map(({ folder }) => folder)).toContain(series?.best.folder);
    expect(await readFile(join(runFolder, 'recipe.yaml'), 'utf8')).toContain('stages:');
  });

  it('is checked stage by stage', async () => {
    const recipe = await place.open('staged.yaml', 'preflight.enabled=true');
    const checked = await checkRecipe(recipe, { runsFolder: place.runs, known: place.known, deep: true });
    expect(checked.map((part) => part.recipe)).toEqual(['tiny-labels', 'tiny-smaller', 'tiny-soft']);
  });

  it('tells a student that does not fit at the line of its stage', async () => {
    await place.write(
      'staged.yaml',
      staged.replace('name: soft', 'name: soft\n    student: { hidden: [5] }'),
    );
    const told = await shown(place.run('staged.yaml'));
    expect(told).toContain('error[BEGIN_INVALID]: the student cannot begin from `smaller`:');
    expect(told).toMatch(/staged\.yaml:20:11\n.*\n +20 \| +- name: soft/);
    await place.write(
      'staged.yaml',
      staged.replace(
        'name: soft',
        "name: soft\n    student: { hidden: [5] }\n    begin: { except: ['hidden.*', logits.kernel] }",
      ),
    );
    const { summary } = await place.run('staged.yaml');
    expect(summary.begun).toMatchObject({
      taken: 1,
      random: ['hidden.0.kernel', 'hidden.0.bias', 'logits.kernel'],
    });
  });
});
