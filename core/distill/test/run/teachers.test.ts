// `teachers:` in a recipe: several teachers, each kept apart, read by losses by their names.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatErrors, trainHash } from 'potstill';
import { summaryTable } from '../../src/cli/summary-table.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(() => rm(place.folder, { recursive: true, force: true }));

const recipe = (
  losses: string,
  teachers = '{nb: tiny/teacher, da: {use: tiny/teacher, labels: [a, b, c]}}',
) => `
name: several
plugins: [tiny]
data:
  train: { use: tiny/points, size: 70 }
  test: { use: tiny/points, size: 40, seed: 6 }
teachers: ${teachers}
student: { use: mlp, hidden: [4] }
losses: ${losses}
train: { epochs: 1, batch: 16 }
threads: 1
baseline: false
`;

describe('`teachers`', () => {
  it('are read by losses, one loss a teacher', async () => {
    await place.write(
      'several.yaml',
      recipe(
        '[{use: soft-targets, name: nb, teacher: nb/logits}, {use: soft-targets, name: da, teacher: da/logits}]',
      ),
    );
    const { summary } = await place.run('several.yaml');
    expect(summary.teacher).toBeDefined();
    const epochs = place.events.filter((event) => event.event === 'epoch');
    expect(epochs.length).toBeGreaterThan(0);
    // Both are the same teacher, which is asked about the training data once.
    expect(place.asked.batches.filter((size) => size === 70).length).toBeGreaterThanOrEqual(1);
  });

  it('are read by their names alone where a loss reads logits', async () => {
    const losses = (nb: string) =>
      `[{use: soft-targets, teacher: ${nb}}, {use: soft-targets, teacher: da/logits}]`;
    const plans = [];
    for (const nb of ['nb', 'nb/logits']) {
      await place.write('several.yaml', recipe(losses(nb)));
      plans.push((await place.open('several.yaml')).plan);
    }
    const [short, long] = plans.map((plan) => plan && trainHash(plan));
    expect(short).toBe(long);
    await place.write('several.yaml', recipe(losses('nb')));
    await place.run('several.yaml');
    await place.write('several.yaml', recipe(losses('nc')));
    await expect(place.run('several.yaml')).rejects.toThrow(/nc/);
  });

  it('are together the mean of them all, by which a recipe with one teacher would do', async () => {
    await place.write('several.yaml', recipe('[soft-targets]'));
    const several = await place.run('several.yaml');
    const members = 'members: {nb: tiny/teacher, da: {use: tiny/teacher, labels: [a, b, c]}}';
    await place.write(
      'one.yaml',
      recipe('[soft-targets]').replace(/^teachers: .*$/m, `teacher: { use: ensemble, ${members} }`),
    );
    const one = await place.run('one.yaml');
    expect(several.summary.student.figures).toEqual(one.summary.student.figures);
  });

  it.each([
    ['an output that no teacher has', '[{use: soft-targets, teacher: se/logits}]', undefined, 'se/logits'],
    ['a teacher that is not there', '[soft-targets]', '{nb: tiny/teachr}', 'unknown teacher `tiny/teachr`'],
    ['no teacher at all', '[soft-targets]', '{}', 'name at least one teacher'],
  ])('are refused with %s', async (_, losses, teachers, words) => {
    await place.write('several.yaml', recipe(losses, teachers));
    const error: unknown = await place.run('several.yaml').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'PotstillError' });
    expect(String(error)).toContain(words);
  });

  it('have a line each in the summary, the closing table and the report, and nobody is asked anew for it', async () => {
    const losses = '[{use: soft-targets, teacher: good}]';
    const alone = '{good: tiny/teacher}';
    const both = '{good: tiny/teacher, blind: {use: tiny/teacher, constant: true, parameters: 7}}';
    await place.write('one.yaml', recipe(losses, alone));
    const one = await place.run('one.yaml');
    expect(one.summary.teachers).toBeUndefined();
    const asked = () => place.asked.batches.filter((size) => size === 40).length;
    const before = asked();
    await place.write('several.yaml', recipe(losses, both));
    const { summary, runFolder } = await place.run('several.yaml');
    expect(asked() - before).toBe(2 * before);

    expect(Object.keys(summary.teachers ?? {})).toEqual(['good', 'blind']);
    const { errors, crossEntropy } = one.summary.teacher?.figures ?? {};
    expect(summary.teachers?.good?.figures.errors).toBe(errors);
    expect(summary.teachers?.good?.figures.crossEntropy).toBeCloseTo(crossEntropy ?? NaN, 6);
    expect(summary.teachers?.blind).toMatchObject({ parameters: 7, latencyMs: null });
    // It gives every class the same score, so that the first is as good as any.
    expect(summary.teachers?.blind?.figures.accuracy).toBeLessThan(0.6);
    const names = summaryTable(summary)
      .split('\n')
      .map((line) => line.split('  ')[0]);
    expect(names).toEqual(['on test data', 'teacher', 'teacher good', 'teacher blind', 'distilled']);
    const report = await readFile(join(runFolder, 'report.html'), 'utf8');
    expect(report).toMatch(/Teachers, together and alone[\s\S]*together[\s\S]*good[\s\S]*blind/);
  });

  it('are measured in the classes of the data, by name and by `map`, also where one is computed in the step', async () => {
    const members =
      '{same: {use: tiny/teacher, labels: [a, b, c]}, other: {teacher: {use: tiny/teacher, labels: [c, x, b]}, map: {x: a}}, mean: mean-teacher}';
    const named = recipe('[cross-entropy, {use: soft-targets, teacher: same/logits}]', members)
      .replace('size: 70', 'size: 70, labels: [a, b, c]')
      .replace('seed: 6', 'seed: 6, labels: [a, b, c]');
    await place.write('several.yaml', named);
    const { summary } = await place.run('several.yaml');
    const errors = (name: string) => summary.teachers?.[name]?.figures.errors ?? NaN;
    expect(Object.keys(summary.teachers ?? {})).toEqual(['same', 'other', 'mean']);
    // The scores are those of a good teacher under names that turn them round, so that hardly an answer is right.
    expect(errors('same')).toBeLessThan(10);
    expect(errors('other')).toBeGreaterThan(30);
    expect(errors('mean')).toBeLessThanOrEqual(40);
  });

  it.each([
    ['short', '{nb: {recipe: ./nb.yaml, live: true}, da: tiny/teacher}', 'teachers.nb.recipe', 'nb'],
    [
      'long',
      '{da: tiny/teacher, nb: {teacher: {recipe: ./nb.yaml}, weight: 2}}',
      'teachers.nb.teacher.recipe',
      'nb',
    ],
  ])(
    'that are recipes are refused at their line, with what to write instead: %s',
    async (_form, teachers, path, name) => {
      await place.write('several.yaml', recipe('[soft-targets]', teachers));
      await expect(place.run('several.yaml')).rejects.toMatchObject({
        records: [
          {
            code: 'RECIPE_BAD_VALUE',
            message: `\`${name}\` is a recipe, and a teacher that is made of others takes components alone`,
            path,
            hint: 'run that recipe, then write `{ use: checkpoint, run: FOLDER }` with the folder of its run',
            location: { line: 7 },
          },
        ],
      });
    },
  );

  it('that are recipes are refused in an ensemble too, and what else is wrong with a member is said at its line', async () => {
    const refusal = async (teacher: string) => {
      const text = recipe('[soft-targets]').replace(/^teachers: .*$/m, teacher);
      await place.write('one.yaml', text);
      const error = await place.run('one.yaml').then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return formatErrors(error);
    };
    expect(await refusal('teacher: {use: ensemble, members: {nb: {recipe: ./nb.yaml}, da: {}}}')).toMatch(
      /^error\[RECIPE_BAD_VALUE\]: `nb` is a recipe[\s\S]*error\[RECIPE_MISSING_KEY\][^\n]*members\.da\.use/,
    );
    expect(await refusal('teachers:\n  nb: tiny/teacher\n  da: {}')).toContain('one.yaml:9:3');
  });
});
