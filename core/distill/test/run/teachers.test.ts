// `teachers:` in a recipe: several teachers, each kept apart, read by losses by their names.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trainHash } from 'potstill';
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
});
