// `checkRecipe`: what is told of a recipe without running it.
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { checkRecipe } from '../../src/run/check-recipe.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';

async function check(deep: boolean, ...set: string[]) {
  const recipe = await place.open('student.yaml', ...set);
  return checkRecipe(recipe, { deep, runsFolder: place.runs, known: place.known });
}

async function refusals(deep: boolean, ...set: string[]) {
  const error: unknown = await check(deep, ...set).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PotstillError);
  return (error as PotstillError).records;
}

describe('checkRecipe', () => {
  it('opens no data, and finds model files that are missing, all at once', async () => {
    const set = ['teacher={use: onnx, model: gone.onnx}', 'student={use: layers, model: gone.json}'];
    const records = await refusals(false, ...set, 'data.train={use: tiny/points, size: -5}');
    expect(records.map(({ code, path }) => [code, path])).toEqual([
      ['TEACHER_INVALID', 'teacher.model'],
      ['STUDENT_INVALID', 'student.model'],
    ]);
  });

  it('finds a tap that the ONNX file of the teacher does not have, with the near name', async () => {
    const { runFolder } = await place.run('teacher.yaml');
    const model = join(runFolder, 'exports/student.onnx');
    const [record] = await refusals(false, `teacher={use: onnx, model: ${model}, outputs: {logits: logit}}`);
    expect(record).toMatchObject({ code: 'TEACHER_OUTPUT', path: 'teacher' });
    expect(record?.hint).toMatch(/did you mean `logits`\?/);
  });

  it("looks at the components of a teacher's recipe", async () => {
    const [record] = await refusals(false, 'teacher.set={student: {use: layers, model: gone.json}}');
    expect(record).toMatchObject({ code: 'STUDENT_INVALID' });
  });
});

describe('checkRecipe with deep', () => {
  it('gives what preflight finds, and leaves nothing behind', async () => {
    const [part, ...others] = await check(true, component);
    expect(others).toEqual([]);
    expect(part?.recipe).toBe('tiny-student');
    expect(part?.findings.map(({ code }) => code)).toContain('forecast');
    expect(existsSync(place.runs)).toBe(false);
  });

  it('refuses what preflight refuses', async () => {
    const [record] = await refusals(true, 'teacher={use: tiny/teacher, constant: true}');
    expect(record).toMatchObject({ code: 'PREFLIGHT_TAP' });
  });

  it('refuses what cannot be exported, selected or tapped', async () => {
    expect(await refusals(true, component, 'export=[tfjs]')).toMatchObject([{ code: 'EXPORT_FAILED' }]);
    expect(await refusals(true, component, 'train.select=acuracy')).toMatchObject([
      { code: 'RECIPE_BAD_VALUE', path: 'train.select' },
    ]);
    expect(await refusals(true, component, 'losses.1.teacher=hidden')).toMatchObject([
      { code: 'RECIPE_LOSS_NEEDS', path: 'losses.1.teacher' },
    ]);
  });

  it('says which teacher must be trained before more can be known, and uses it once it is', async () => {
    expect(await check(true)).toMatchObject([
      { recipe: 'tiny-teacher' },
      { recipe: 'tiny-student', findings: [], untrained: 'tiny-teacher' },
    ]);
    await place.run('teacher.yaml');
    const [, student] = await check(true);
    expect(student).not.toHaveProperty('untrained');
    expect(student?.findings.map(({ code }) => code)).toContain('tap logits');
  });

  it('writes nothing beside a file that is no folder for runs', async () => {
    await writeFile(place.runs, '');
    expect(await check(true, component)).toHaveLength(1);
  });
});
