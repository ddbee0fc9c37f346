// What a recipe can be told before training is told before its teacher's recipe trains, and before a folder is made.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

/** The first record of what a run was refused with. Nothing may have been trained or written by then. */
async function refusal(...set: string[]) {
  const error: unknown = await place.run('student.yaml', { set }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PotstillError);
  expect(existsSync(place.runs)).toBe(false);
  expect(place.stages()).toEqual([]);
  return (error as PotstillError).records[0];
}

describe('a run with a mistake is refused before anything is trained', () => {
  it('a figure for `train.select` that no metric gives, with the near name', async () => {
    expect(await refusal('train.select=acuracy')).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message: '`train.select` names the figure `acuracy`, which no metric of the recipe gives',
      hint: 'did you mean `accuracy`?',
      allowed: expect.arrayContaining(['last', 'accuracy', 'errors', 'agreement']) as unknown,
      location: { line: 1 },
    });
  });

  it('the name of a metric for `train.select` that gives no figure', async () => {
    expect(await refusal('train.select=confusion')).toMatchObject({ code: 'RECIPE_BAD_VALUE' });
  });

  it('a form of export in which the student cannot be written', async () => {
    expect(await refusal('export=[tfjs]')).toMatchObject({ code: 'EXPORT_FAILED' });
  });

  it('metrics that give a value of the same name', async () => {
    expect(await refusal('evaluate=[accuracy, accuracy]')).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      path: 'evaluate',
    });
  });

  it('an output of the student that it does not have, at the line that names it, with what there is', async () => {
    expect(await refusal('losses.1.student=logit')).toMatchObject({
      code: 'RECIPE_LOSS_NEEDS',
      message: 'the loss `soft-targets` reads the output `logit` of the student, which has no such output',
      path: 'losses.1.student',
      hint: 'did you mean `logits`?',
      allowed: expect.arrayContaining(['logits']) as unknown,
    });
  });

  it('an output of a teacher that is yet to be trained', async () => {
    expect(await refusal('losses.1.teacher=hiden.0')).toMatchObject({
      code: 'RECIPE_LOSS_NEEDS',
      message: 'the loss `soft-targets` reads the output `hiden.0` of the teacher, which has no such output',
      hint: 'did you mean `hidden.0`?',
    });
  });

  it('a field that the data do not have', async () => {
    expect(await refusal('losses.0.target=lable')).toMatchObject({
      code: 'RECIPE_LOSS_NEEDS',
      message: 'the loss `cross-entropy` reads the field `lable` of the data set, which has no such field',
      hint: 'did you mean `label`?',
    });
  });

  it("a mistake of the teacher's recipe", async () => {
    expect(await refusal('teacher.set={export: [tfjs]}')).toMatchObject({ code: 'EXPORT_FAILED' });
  });
});
