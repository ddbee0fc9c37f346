// What a run and `potstill export` write, and what happens to it afterwards.
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluateRecipe } from '../../src/run/evaluate-recipe.js';
import { exportRecipe } from '../../src/run/export-recipe.js';
import { Workplace } from './tiny.js';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

const component = 'teacher={use: tiny/teacher}';

describe('two exports', () => {
  it('to one file are refused before anything is trained', async () => {
    for (const other of ['{ use: onnx, outputs: [logits] }', '{ use: onnx, file: Student.onnx }'])
      await expect(place.run('teacher.yaml', { set: [`export=[onnx, ${other}]`] })).rejects.toThrow(
        /RECIPE_BAD_VALUE: `export\.0` and `export\.1` both write `[Ss]tudent\.onnx`/,
      );
    expect(existsSync(place.runs)).toBe(false);
  });

  it('to two files are both written', async () => {
    const { summary } = await place.run('teacher.yaml', {
      set: ['export=[onnx, { use: onnx, file: second.onnx }]'],
    });
    expect(summary.exports.map(({ path }) => path)).toEqual(['exports/student.onnx', 'exports/second.onnx']);
  });
});

describe('exports of data with transforms', () => {
  const crop = '{ use: tiny/shorten, to: 4 }';
  it.each(['tiny/points', 'tiny/stream'])('are compared on the transformed examples of %s', async (data) => {
    const set = [`data={train: {use: ${data}, transforms: [${crop}]}}`, 'evaluate=[accuracy]'];
    const { summary } = await place.run('teacher.yaml', { set });
    expect(summary.exports[0]?.maxDifference).toBeLessThan(1e-4);
    const recipe = await place.open('teacher.yaml', ...set);
    const { exports } = await exportRecipe(recipe, {
      runsFolder: place.runs,
      to: join(place.folder, 'out'),
    });
    expect(exports[0]?.sha256).toBe(summary.exports[0]?.sha256);
  });
});

describe('an exported ONNX file', () => {
  const evaluate = async (model: string) =>
    evaluateRecipe(await place.open('student.yaml', component), { model });

  it('is refused with any bit changed, wherever it lies', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    const copy = join(place.folder, 'copy.onnx');
    await copyFile(join(runFolder, 'exports', 'student.onnx'), copy);
    const whole = await readFile(copy);
    expect((await evaluate(copy)).figures.accuracy).toBeGreaterThan(0.3);
    for (let at = 40; at < whole.length; at += 23) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] as number) ^ 4;
      await writeFile(copy, bytes);
      await expect(evaluate(copy), `byte ${at}`).rejects.toThrow(/RUN_CHECKPOINT_DAMAGED|TEACHER_INVALID/);
    }
    for (const bytes of [whole.subarray(0, -1), Buffer.concat([whole, Uint8Array.of(0)])]) {
      await writeFile(copy, bytes);
      await expect(evaluate(copy)).rejects.toThrow(/RUN_CHECKPOINT_DAMAGED|TEACHER_INVALID/);
    }
  });

  it('is read as it is when another program has written it anew', async () => {
    const { runFolder } = await place.run('student.yaml', { set: [component] });
    const copy = join(place.folder, 'copy.onnx');
    const whole = await readFile(join(runFolder, 'exports', 'student.onnx'), 'latin1');
    await writeFile(copy, Buffer.from(whole.replace('potstill', 'quantize'), 'latin1'));
    expect((await evaluate(copy)).figures.accuracy).toBeGreaterThan(0.3);
  });

  it('is refused in the place of the file that the run exported', async () => {
    const first = await place.run('student.yaml', { set: [component] });
    const second = await place.run('student.yaml', { set: [component, 'train.seed=2'] });
    const model = join(second.runFolder, 'exports', 'student.onnx');
    await copyFile(join(first.runFolder, 'exports', 'student.onnx'), model);
    await expect(evaluate(model)).rejects.toThrow(
      /RUN_CHECKPOINT_DAMAGED: .*this is not the file that the run exported: its sha256 is [0-9a-f]{64}/,
    );
  });
});
