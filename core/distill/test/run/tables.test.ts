// Tables in whole runs: transfer data without a target column, and a teacher that was trained on other rows.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { openData } from '../../src/run/data.js';
import { quietContainer } from '../../src/run/latest-run.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  await place.write('all.csv', table(120, true));
  await place.write('more.csv', table(80, false));
  await place.write('teacher.yaml', recipe('table-teacher', 'file: ./all.csv', ''));
  await place.write(
    'student.yaml',
    recipe('table-student', 'file: ./all.csv', 'teacher: { recipe: ./teacher.yaml }'),
  );
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

/** Two numbers, a colour and whether the first number is the larger. The rarest colour comes last. */
function table(rows: number, target: boolean): string {
  const colours = ['red', 'blue', 'red', 'blue', 'green'];
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b] = [(i * 37) % 101, (i * 53) % 97];
    const colour = i < rows / 2 ? colours[i % 4] : colours[i % 5];
    return [a, b, colour, ...(target ? [a > b ? 'yes' : 'no'] : [])].join(',');
  });
  return [`a,b,colour${target ? ',larger' : ''}`, ...lines, ''].join('\n');
}

const features = 'features: [a, b, { column: colour, as: category }]';
const recipe = (name: string, file: string, teacher: string) => `
name: ${name}
data:
  train: { use: csv, ${file}, ${features}, target: larger }
  split: { test: 0.25 }
${teacher}
student: { use: mlp, hidden: [8] }
losses: [${teacher === '' ? 'cross-entropy' : 'soft-targets'}]
train: { epochs: 3, batch: 16, rate: 0.01 }
threads: 1
`;

describe('a table with rows that have no target', () => {
  it.each([
    ['number', '', [10, 30]],
    ['class', '', [10, 30]],
    ['number', ', by: site', [0, 0]],
  ] as const)('keeps them out of what is measured: %s%s', async (as, by, [test, train]) => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},s${Math.floor(i / 7)},${i < 20 ? i % 3 : ''}`);
    await place.write('some.csv', ['a,site,y', ...rows, ''].join('\n'));
    const recipe = await place.open(
      'teacher.yaml',
      `data={train: {use: csv, file: ./some.csv, features: [a], groups: [site], target: {column: y, as: ${as}, missing: unlabelled}}, split: {test: 10${by}}}`,
    );
    const container = await quietContainer(recipe, place.folder);
    const data = await openData(recipe.plan, container);
    await container.dispose();
    const held = data.test?.dataset;
    if (held?.size === undefined) throw new Error('no test data');
    const values = await Promise.all(
      Array.from({ length: held.size }, async (_, i) => (await held.example(i)).target?.data[0] ?? NaN),
    );
    expect(values.every((value) => value >= 0)).toBe(true);
    if (by === '') expect([held.size, data.train.size]).toEqual([test, train]);
    else expect(held.size).toBeGreaterThan(0);
  });
});

describe('a table', () => {
  it('is learnt on with further rows that have no target', async () => {
    const { summary } = await place.run('student.yaml', {
      set: [`data.transfer={use: csv, file: ./more.csv, ${features}}`],
    });
    expect(summary.preflight.find(({ code }) => code === 'coverage')?.message).toBe(
      'of 170 training examples, the student learns soft-targets from all',
    );
    expect(summary.warnings.map(({ code }) => code)).not.toContain('TEACHER_PREPROCESSING');
  });

  it('warns where the teacher learnt statistics of other rows', async () => {
    const { summary } = await place.run('student.yaml', {
      set: ['data.split={test: 0.25, seed: 2}', 'baseline=false'],
    });
    const warning = summary.warnings.find(({ code }) => code === 'TEACHER_PREPROCESSING');
    expect(warning?.message).toMatch(
      /^the teacher `table-teacher` was trained with statistics of other rows: a [\d.]+ ± [\d.]+, b [\d.]+ ± [\d.]+; here they are a [\d.]+ ± /,
    );
  });

  it('refuses a teacher of other categories, though the number of inputs agrees', async () => {
    await place.write('teal.csv', table(120, true).replaceAll('green', 'teal'));
    const error = await place
      .run('student.yaml', { set: ['teacher.set={data.train.file: ./teal.csv}'] })
      .catch((caught: unknown) => caught);
    if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
    expect(error.records[0]).toMatchObject({
      code: 'TEACHER_INVALID',
      message: [
        'the teacher `table-teacher` was trained on other columns or categories',
        '  the data: a; b; colour (blue, green, red)',
        '  the teacher: a; b; colour (blue, red, teal)',
      ].join('\n'),
    });
  });
});

describe('metrics of a part of the data', () => {
  const at = (where: string) =>
    `evaluate=[accuracy, { use: accuracy, name: part, where: ${where} }, { use: accuracy, name: number, where: { colour: 1 } }]`;
  const grouped = (where: string) => [
    `data.train={use: csv, file: ./all.csv, features: [a, b], groups: [colour], target: larger}`,
    at(where),
  ];

  it('name groups and classes, in place of their numbers', async () => {
    const { summary } = await place.run('teacher.yaml', { set: grouped('{ colour: red }') });
    const { figures } = summary.student;
    expect(figures).toHaveProperty(['part.accuracy']);
    const colours = (await place.open('teacher.yaml', ...grouped('{ colour: red }'))).plan.metrics;
    expect(colours?.[1]?.where).toEqual({ colour: 'red' });
    const yes = await place.run('teacher.yaml', { set: grouped('{ target: "yes", colour: blue }') });
    expect(yes.summary.student.figures).toHaveProperty(['part.accuracy']);
  });

  it('are refused with a group that the data do not have, or a field without names', async () => {
    await expect(place.run('teacher.yaml', { set: grouped('{ colour: purple }') })).rejects.toMatchObject({
      records: [
        {
          code: 'RECIPE_BAD_VALUE',
          message: '`colour` of the data has no `purple`',
          path: 'evaluate.1.where.colour',
          allowed: expect.arrayContaining(['red', 'blue']) as string[],
        },
      ],
    });
    await expect(place.run('teacher.yaml', { set: grouped('{ features: big }') })).rejects.toThrow(
      /the data have no names for the values of `features`: give a number/,
    );
  });
});
