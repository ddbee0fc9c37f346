// `potstill evaluate` of models that no run has trained: teachers and foreign ONNX files.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelBytes, weight } from '../teach/models.js';
import { makePlace, potstill } from './place.js';

let folder: string;
beforeEach(async () => {
  folder = await makePlace();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What `tiny/teacher` answers, twice the first three features, with its classes in this order. */
async function foreign(order: readonly number[]): Promise<string> {
  const values = Array.from({ length: 18 }, (_, i) => (Math.floor(i / 3) === order[i % 3] ? 2 : 0));
  const path = join(folder, 'foreign.onnx');
  await writeFile(
    path,
    modelBytes({
      inputs: [{ name: 'x', shape: ['batch', 6] }],
      outputs: [{ name: 'y', shape: ['batch', 3] }],
      nodes: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
      weights: [weight('w', [6, 3], values)],
    }),
  );
  return path;
}

interface Evaluated {
  readonly model: string;
  readonly remarks: readonly string[];
  readonly figures: { readonly accuracy: number; readonly crossEntropy: number };
}

async function evaluate(recipe: string, ...words: string[]) {
  const runs = ['--runs', join(folder, 'runs'), '--json'];
  const { code, out } = await potstill(['evaluate', join(folder, recipe), ...runs, ...words]);
  return { code, result: JSON.parse(out[0] ?? '') as Evaluated & { errors?: { code: string }[] } };
}

describe('potstill evaluate --teacher', () => {
  it('measures a teacher without training anything', async () => {
    const { code, result } = await evaluate('quick.yaml', '--teacher');
    expect(code).toBe(0);
    expect(result.model).toBe('teacher tiny/teacher');
    expect(result.figures.accuracy).toBeGreaterThan(0.8);
  });

  it('measures the latest run of a teacher that is a recipe, which must be there', async () => {
    const none = await evaluate('student.yaml', '--teacher');
    expect(none.code).toBe(2);
    expect(none.result.errors).toMatchObject([{ code: 'RUN_NO_CHECKPOINT' }]);
    await potstill(['run', join(folder, 'teacher.yaml'), '--runs', join(folder, 'runs'), '-q']);
    const own = await evaluate('teacher.yaml');
    const { code, result } = await evaluate('student.yaml', '--teacher');
    expect(code).toBe(0);
    expect(result).toMatchObject({ model: 'teacher tiny-teacher', figures: own.result.figures });
  });

  it('refuses a recipe without teacher, and --model beside it', async () => {
    const none = await evaluate('teacher.yaml', '--teacher');
    expect(none.result.errors).toMatchObject([{ code: 'RECIPE_NO_TEACHER' }]);
    const both = await potstill(['evaluate', join(folder, 'quick.yaml'), '--teacher', '--model', 'm.onnx']);
    expect(both.code).toBe(2);
  });
});

describe('potstill evaluate --model', () => {
  it('measures an ONNX file that potstill did not export', async () => {
    const teacher = await evaluate('quick.yaml', '--teacher');
    const { code, result } = await evaluate('quick.yaml', '--model', await foreign([0, 1, 2]));
    expect(code).toBe(0);
    expect(result.figures.accuracy).toBe(teacher.result.figures.accuracy);
    expect(result.figures.crossEntropy).toBeCloseTo(teacher.result.figures.crossEntropy, 6);
  });

  it("opens it with the options of the recipe's teacher, and says what they did", async () => {
    const model = await foreign([2, 0, 1]);
    const wrong = await evaluate('quick.yaml', '--model', model);
    expect(wrong.code).toBe(2);
    expect(wrong.result.errors).toMatchObject([
      { code: 'PREFLIGHT_CLASS_ORDER', hint: expect.stringContaining('labels: [c, a, b]') as string },
    ]);
    const set = 'teacher={use: onnx, model: elsewhere.onnx, labels: [c, a, b]}';
    const { code, result } = await evaluate('quick.yaml', '--model', model, '--set', set);
    expect(code).toBe(0);
    expect(result.figures.accuracy).toBeGreaterThan(0.8);
    expect(result.remarks[0]).toContain('put in the order of the data');
  });
});
