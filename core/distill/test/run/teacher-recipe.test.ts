// Teachers that are recipes: trained once, and again when they are stale.
import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { evaluateRecipe } from '../../src/run/evaluate-recipe.js';
import { editJson, studentYaml, Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const stages = ['preflight', 'baseline', 'label', 'student', 'evaluate', 'export', 'report'];
const ofTeacher = ['teacher/preflight', 'teacher', 'teacher/evaluate', 'teacher/export', 'teacher/report'];

describe('runRecipe with a teacher that is a recipe', () => {
  it('does not train it again when a complete run of it is there', async () => {
    const first = await place.run('student.yaml');
    place.stages();
    const second = await place.run('student.yaml', { set: ['train.seed=2'] });
    expect(place.stages()).toEqual(['teacher', ...stages]);
    expect(second.summary.teacher?.figures).toEqual(first.summary.teacher?.figures);
  });

  it('trains it again when its recipe, its data or its version is another', async () => {
    await place.run('student.yaml');
    place.stages();
    await place.run('student.yaml', { set: ['teacher.set={train.epochs: 5}'] });
    expect(place.stages()).toEqual([...ofTeacher, ...stages]);

    const runs = await readdir(place.runs);
    for (const name of runs.filter((each) => each.startsWith('tiny-teacher'))) {
      const file = join(place.runs, name, 'data.json');
      await editJson(file, (text) => text.replace(/"train": "[^"]*"/, '"train": "other"'));
    }
    await place.run('student.yaml', { set: ['train.seed=4'] });
    expect(place.stages()).toEqual([...ofTeacher, ...stages]);

    for (const name of (await readdir(place.runs)).filter((each) => each.startsWith('tiny-teacher'))) {
      const file = join(place.runs, name, 'run.json');
      await editJson(file, (text) => text.replace(/potstill\\":\\"[^\\]*/, 'potstill\\":\\"0.0.1'));
    }
    await place.run('student.yaml', { set: ['train.seed=5'] });
    expect(place.stages()).toEqual([...ofTeacher, ...stages]);
  });

  it('trains the student in a new folder when its teacher is another', async () => {
    const first = await place.run('student.yaml');
    await place.write(
      'teacher.yaml',
      (await readFile(join(place.folder, 'teacher.yaml'), 'utf8')).replace('16]', '12]'),
    );
    await expect(place.run('student.yaml', { runFolder: first.runFolder, resume: true })).rejects.toThrow(
      /RUN_OTHER_RECIPE: .* is of another run: teacher: `student\.hidden\.0` was 16 and is now 12/,
    );
  });

  it('refuses recipes that teach each other', async () => {
    await place.write('teacher.yaml', studentYaml.replace('./teacher.yaml', './student.yaml'));
    await expect(place.run('student.yaml')).rejects.toThrow(
      /RECIPE_EXTENDS: recipes are each other's teacher in a circle: .*student\.yaml -> .*teacher\.yaml -> .*student\.yaml/,
    );
    expect(existsSync(place.runs)).toBe(false);
  });

  it('refuses a teacher that was trained on inputs of another form', async () => {
    await place.write('teacher.yaml', await readFile(join(place.folder, 'teacher.yaml'), 'utf8'));
    const { runFolder } = await place.run('teacher.yaml');
    const file = join(runFolder, 'data.json');
    await editJson(file, (text) => text.replace(/("x": \{\s*"dtype": "float32",\s*"shape": \[\s*)6/, '$17'));
    await expect(place.run('student.yaml')).rejects.toMatchObject({ code: 'TEACHER_INVALID' });
  });

  it('refuses a teacher that does not know all classes, before it is trained', async () => {
    const labelled = (await readFile(join(place.folder, 'teacher.yaml'), 'utf8')).replaceAll(
      'tiny/points,',
      'tiny/points, labels: [a, b, x],',
    );
    await place.write('teacher.yaml', labelled);
    const error = await place.run('student.yaml').catch((caught: unknown) => caught as PotstillError);
    expect(error).toMatchObject({ code: 'TEACHER_INVALID' });
    expect((error as PotstillError).message).toContain(
      'the teacher `tiny-teacher` was not trained on all classes of the data: it does not know c\n  the data (3): a, b, c\n  the teacher (3): a, b, x',
    );
    expect(place.stages()).toEqual([]);
  });

  it('evaluates a run on data that names its classes, and on no other', async () => {
    await place.run('teacher.yaml');
    const [name] = await readdir(place.runs);
    const where = { runsFolder: place.runs, runFolder: join(place.runs, name ?? '') };
    const labelled = async (file: string, labels: string) => {
      const text = await readFile(join(place.folder, 'teacher.yaml'), 'utf8');
      await place.write(file, text.replaceAll('tiny/points,', `tiny/points, labels: [${labels}],`));
      return evaluateRecipe(await place.open(file), where);
    };
    expect((await labelled('same.yaml', 'a, b, c')).remarks).toEqual([]);
    // The points that were called a are called b now: the model is asked by name, and told so.
    const reordered = await labelled('reordered.yaml', 'b, a, c');
    expect(reordered.remarks).toHaveLength(1);
    expect(reordered.figures.errors).toBeGreaterThan(30);
    await expect(labelled('other.yaml', 'a, b, x')).rejects.toMatchObject({ code: 'TEACHER_INVALID' });
  });
});
