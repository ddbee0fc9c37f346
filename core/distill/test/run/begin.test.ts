// `begin`: a student whose weights begin from those of another's finished student.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatErrors } from 'potstill';
import { checkRecipe } from '../../src/run/check-recipe.js';
import { evaluateRecipe } from '../../src/run/evaluate-recipe.js';
import { verifyRun } from '../../src/run/verify.js';
import { readWeights } from '../../src/train/checkpoint.js';
import { Workplace } from './tiny.js';

/** The same students as below, on labels alone. */
const generalist = `
name: generalist
plugins: [tiny]
data:
  train: { use: tiny/points, size: 120, seed: 9 }
  test: { use: tiny/points, size: 60, seed: 6 }
student: { use: mlp, hidden: [4] }
losses: [cross-entropy]
train: { epochs: 2, batch: 16, rate: 0.01, seed: 3 }
threads: 1
preflight: { enabled: false }
`;

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  await place.write('generalist.yaml', generalist);
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const quick = ['teacher={use: tiny/teacher}', 'preflight.enabled=false', 'train.epochs=1'];
const from = (begin: string) => [...quick, `begin=${begin}`];
/** Trained with a rate of 0 the student is what it began with. */
const still = ['train.rate=0', 'train.optimizer=sgd'];
const weights = async (folder: string, ...names: string[]) =>
  (await readWeights(join(folder, ...names))).variables;
const runOf = async (name: string) =>
  join(place.runs, (await readdir(place.runs)).find((each) => each.startsWith(`${name}-`)) ?? '');
const shown = async (failed: Promise<unknown>) => {
  const error = await failed.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return formatErrors(error).replaceAll(place.folder, '');
};

describe('begin with a recipe', () => {
  it('runs it first, and begins both students with its weights', async () => {
    const { runFolder, summary } = await place.run('student.yaml', {
      set: [...from('{recipe: ./generalist.yaml}'), ...still],
    });
    const earlier = await weights(await runOf('generalist'), 'student.safetensors');
    for (const name of ['student', 'baseline'])
      expect(await weights(runFolder, name, 'best.safetensors')).toEqual(earlier);
    expect(summary.begun).toEqual({
      from: 'generalist',
      path: expect.stringMatching(/^\.\.\/generalist-[0-9a-f]{8}$/) as string,
      taken: 4,
      random: [],
      baseline: 'same',
      taught: false,
      chain: [
        {
          name: 'generalist',
          path: summary.begun?.path,
          student: expect.objectContaining({ errors: expect.any(Number) as number }) as object,
          baseline: null,
        },
      ],
    });
    expect(place.stages()).toEqual([
      ...['begin', 'begin/evaluate', 'begin/export', 'begin/report'],
      ...['baseline', 'label', 'student', 'evaluate', 'export', 'report'],
    ]);
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    expect(report).toContain(
      'The student began with the weights of generalist (all 4 variables). The student alone began with the same.',
    );
    const files = await verifyRun(runFolder);
    expect(files.find(({ file }) => file === 'begin.yaml')).toMatchObject({ state: 'ok', restorable: true });
    expect(files.filter(({ state }) => state === 'damaged' || state === 'missing')).toEqual([]);
  });

  it('finds its complete run, and trains it again with other settings', async () => {
    await place.run('generalist.yaml');
    place.stages();
    const first = await place.run('student.yaml', { set: from('{recipe: ./generalist.yaml}') });
    expect(place.stages()).toEqual(['begin', 'baseline', 'label', 'student', 'evaluate', 'export', 'report']);
    const second = await place.run('student.yaml', {
      set: from('{recipe: ./generalist.yaml, set: {train.epochs: 3}}'),
    });
    expect(place.stages()).toContain('begin/export');
    expect(await weights(second.runFolder, 'student.safetensors')).not.toEqual(
      await weights(first.runFolder, 'student.safetensors'),
    );
  });

  it('is another run than one that begins at random, or from another recipe of the same name', async () => {
    const set = from('{recipe: ./generalist.yaml}');
    const first = await place.run('student.yaml', { set });
    const random = await place.run('student.yaml', { set: quick });
    expect(random.runFolder).not.toContain(first.runFolder);
    expect(random.summary.begun).toBeUndefined();
    await place.write('generalist.yaml', generalist.replace('epochs: 2', 'epochs: 1'));
    expect(
      await shown(place.run('student.yaml', { set, runFolder: first.runFolder, resume: true })),
    ).toContain('is of another run: begin: `train.epochs` was 2 and is now 1');
  });

  it('begins the student alone with the student alone there, where a teacher had a part', async () => {
    await place.write('first.yaml', await readFile(join(place.folder, 'student.yaml'), 'utf8'));
    const set = `{recipe: ./first.yaml, set: {name: first, teacher: {use: tiny/teacher}, preflight.enabled: false, train.epochs: 1}}`;
    const { runFolder, summary } = await place.run('student.yaml', { set: [...from(set), ...still] });
    const earlier = await runOf('first');
    for (const name of ['student', 'baseline'])
      expect(await weights(runFolder, name, 'best.safetensors')).toEqual(
        await weights(earlier, name, 'best.safetensors'),
      );
    expect(summary.begun).toMatchObject({ baseline: 'own', taught: true });
    const taught = await place.run('student.yaml', {
      set: [...from(set.replace('{name', '{baseline: false, name')), ...still],
    });
    expect(taught.summary.begun).toMatchObject({ baseline: 'same', taught: true });
    expect(await readFile(join(taught.runFolder, 'report.html'), 'utf8')).toContain(
      'The student alone began with the same, in which a teacher had a part',
    );
    expect(await weights(taught.runFolder, 'baseline', 'best.safetensors')).toEqual(
      await weights(taught.runFolder, 'student', 'best.safetensors'),
    );
  });

  it('is evaluated, and checked with the recipe that it begins from', async () => {
    const set = from('{recipe: ./generalist.yaml}');
    const recipe = await place.open('student.yaml', ...set, 'preflight.enabled=true');
    const where = { runsFolder: place.runs, known: place.known };
    const checked = await checkRecipe(recipe, { ...where, deep: true });
    expect(checked.map((part) => part.recipe)).toEqual(['generalist', 'tiny-student']);
    const { runFolder, summary } = await place.run('student.yaml', { set });
    const found = await evaluateRecipe(recipe, { runFolder });
    expect(found.figures.errors).toBe(summary.student.figures.errors);
  });

  it('takes what has the same shape, and begins the rest at random where the recipe says so', async () => {
    const other = ['student.hidden=[4, 3]', ...still];
    const first = await shown(
      place.run('student.yaml', { set: [...from('{recipe: ./generalist.yaml}'), ...other] }),
    );
    expect(first).toContain(`error[BEGIN_INVALID]: the student cannot begin from \`generalist\`:
    \`hidden.1.kernel\` is float32 [4, 3] here, and not there
    \`hidden.1.bias\` is float32 [3] here, and not there
    \`logits.kernel\` is float32 [4, 3] there and float32 [3, 3] here`);
    expect(first).toContain('name what is to begin at random: `except: [logits.*]`');
    expect(place.events.some(({ event }) => event === 'epoch')).toBe(false);
    expect(existsSync(place.runs)).toBe(false);

    const set = [...from('{recipe: ./generalist.yaml, except: [hidden.1.*, logits.*]}'), ...other];
    const { runFolder, summary } = await place.run('student.yaml', { set });
    const now = await weights(runFolder, 'student', 'best.safetensors');
    const earlier = await weights(await runOf('generalist'), 'student.safetensors');
    expect(now['hidden.0.kernel']).toEqual(earlier['hidden.0.kernel']);
    expect(summary.begun).toMatchObject({ taken: 2 });
    const alone = await place.run('student.yaml', { set: [...quick, ...other] });
    expect(now['logits.kernel']).toEqual(
      (await weights(alone.runFolder, 'student', 'best.safetensors'))['logits.kernel'],
    );
    expect(await readFile(join(runFolder, 'report.html'), 'utf8')).toContain(
      '(2 of 6 variables; hidden.1.kernel, hidden.1.bias, logits.kernel and logits.bias at random)',
    );
  });

  it('refuses patterns that no variable fits, and such that leave nothing', async () => {
    const tried = (except: string) =>
      shown(place.run('student.yaml', { set: from(`{recipe: ./generalist.yaml, except: [${except}]}`) }));
    expect(await tried('logit.*')).toContain(
      'error[RECIPE_BAD_VALUE]: no variable of either student is named like `logit.*`',
    );
    expect(await tried("'*'")).toContain(
      'the student takes nothing from `generalist`: `begin.except` names all of its variables',
    );
  });

  it('refuses recipes that begin from each other', async () => {
    await place.write('generalist.yaml', `${generalist}begin: { recipe: ./student.yaml }\n`);
    expect(await shown(place.run('student.yaml', { set: from('{recipe: ./generalist.yaml}') }))).toContain(
      'recipes begin from each other in a circle: /student.yaml -> /generalist.yaml -> /student.yaml',
    );
  });
});

describe('begin with a checkpoint', () => {
  it('is a run folder, or a file of weights or of a training', async () => {
    const { runFolder } = await place.run('generalist.yaml');
    const earlier = await weights(runFolder, 'student.safetensors');
    for (const path of ['', '/student.safetensors', '/student/last.safetensors']) {
      const { runFolder: own, summary } = await place.run('student.yaml', {
        set: [...from(`{checkpoint: '${runFolder}${path}'}`), ...still],
      });
      expect(await weights(own, 'baseline', 'best.safetensors')).toEqual(earlier);
      expect(summary.begun).toMatchObject({ from: `${runFolder}${path}`, baseline: 'same' });
    }
  });

  it('does not go on with a run whose checkpoint has been replaced', async () => {
    const first = await place.run('generalist.yaml');
    const other = await place.run('generalist.yaml', { set: ['train.epochs=1'] });
    const file = join(place.folder, 'weights.safetensors');
    await writeFile(file, await readFile(join(first.runFolder, 'student.safetensors')));
    const set = from('{checkpoint: ./weights.safetensors}');
    const { runFolder } = await place.run('student.yaml', { set });
    await writeFile(file, await readFile(join(other.runFolder, 'student.safetensors')));
    expect(await shown(place.run('student.yaml', { set, runFolder, resume: true }))).toContain(
      'is of another run: the weights of ./weights.safetensors are others',
    );
    expect((await place.run('student.yaml', { set, resume: true })).runFolder).toBe(`${runFolder}-2`);
  });

  it('says what is not there, not finished or no file of weights', async () => {
    const tried = (path: string) => shown(place.run('student.yaml', { set: from(`{checkpoint: ${path}}`) }));
    expect(await tried('./nowhere')).toContain(
      'error[BEGIN_INVALID]: there is no run and no file at /nowhere',
    );
    expect(await tried('.')).toContain('holds no finished run: there is no summary.json');
    expect(await tried('./student.yaml')).toContain('/student.yaml is no .safetensors file');
    await place.write('broken.safetensors', 'nothing');
    expect(await tried('./broken.safetensors')).toContain('error[RUN_CHECKPOINT_DAMAGED]');
  });
});
