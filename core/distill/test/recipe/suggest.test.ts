// 'Did you mean', held over every known key and any slip of one letter.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { loadRecipe, PotstillError } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { recipeSchema } from '../../src/recipe/schema.js';
import { sampleRegistry } from './sample-plugin.js';

let file: string;
beforeAll(async () => {
  file = path.join(await mkdtemp(path.join(tmpdir(), 'potstill-suggest-')), 'recipe.yaml');
});
afterAll(() => rm(path.dirname(file), { recursive: true }));

const whole: Record<string, unknown> = {
  potstill: 1,
  name: 'whole',
  description: 'All keys.',
  plugins: [],
  data: { train: 'digits', validation: 'digits' },
  teacher: { use: 'onnx', file: 'teacher.onnx' },
  student: { use: 'mlp', hidden: [8] },
  begin: { checkpoint: 'runs/other' },
  losses: ['cross-entropy'],
  train: { epochs: 1 },
  stages: [{ name: 'only' }],
  seeds: 2,
  sweep: { grid: { 'train.rate': [0.1, 0.2] } },
  evaluate: ['accuracy'],
  baseline: true,
  task: 'classification',
  adjust: ['shift'],
  export: ['onnx'],
  backend: 'cpu',
  threads: 1,
  preflight: { sample: 1 },
};
// `extends` would have to name a file, and `teachers` stands in place of `teacher`.
const topKeys = Object.keys(recipeSchema.shape).filter((key) => !['extends', 'teachers'].includes(key));
const trainKeys = Object.keys(recipeSchema.shape.train.shape);

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');

/** A word with one letter added, left out, changed, or swapped with its neighbour. */
function slip(word: string): fc.Arbitrary<string> {
  const at = fc.nat(word.length - 1);
  return fc
    .oneof(
      fc.tuple(at, letter).map(([i, c]) => word.slice(0, i) + c + word.slice(i)),
      at.map((i) => word.slice(0, i) + word.slice(i + 1)),
      fc.tuple(at, letter).map(([i, c]) => word.slice(0, i) + c + word.slice(i + 1)),
      fc
        .nat(word.length - 2)
        .map((i) => word.slice(0, i) + String(word[i + 1]) + String(word[i]) + word.slice(i + 2)),
    )
    .filter((wrong) => wrong !== word);
}

async function recordsOf(recipe: unknown) {
  await writeFile(file, stringify(recipe));
  const reason: unknown = await loadRecipe(file, { lookup: sampleRegistry }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(reason instanceof PotstillError)) throw new Error(`no PotstillError: ${String(reason)}`);
  return reason.records;
}

describe('a key misspelt by one letter', () => {
  it('holds every key of a recipe', () => {
    expect(topKeys.sort()).toEqual(Object.keys(whole).sort());
  });

  it.each(topKeys)('is one error that suggests `%s`', async (key) => {
    await fc.assert(
      fc.asyncProperty(slip(key), async (wrong) => {
        const recipe = Object.fromEntries(
          Object.entries(whole).map(([name, value]) => [name === key ? wrong : name, value]),
        );
        const records = await recordsOf(recipe);
        const about = records.filter(({ code, path: at }) => code.startsWith('RECIPE_') && at === wrong);
        expect(about).toHaveLength(1);
        expect(about[0]).toMatchObject({ code: 'RECIPE_UNKNOWN_KEY', hint: `did you mean \`${key}\`?` });
        expect(records.some(({ code }) => code === 'RECIPE_MISSING_KEY')).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  it('is one error that suggests `teachers` in place of `teacher`', async () => {
    const { teacher, ...others } = whole;
    const [record, ...more] = await recordsOf({ ...others, techers: { nb: teacher } });
    expect(record).toMatchObject({ code: 'RECIPE_UNKNOWN_KEY', hint: 'did you mean `teachers`?' });
    expect(more).toEqual([]);
  });

  it.each(trainKeys)('in `train` is one error that suggests `%s`', async (key) => {
    await fc.assert(
      fc.asyncProperty(slip(key), async (wrong) => {
        fc.pre(!trainKeys.includes(wrong));
        const train = { ...(key === 'epochs' ? {} : { epochs: 1 }), [wrong]: 1 };
        const records = await recordsOf({ ...whole, train });
        expect(records).toHaveLength(1);
        expect(records[0]).toMatchObject({ path: `train.${wrong}`, hint: `did you mean \`${key}\`?` });
      }),
      { numRuns: 15 },
    );
  });

  it.each(['temperature', 'student', 'teacher', 'weight', 'name'])(
    'of a loss is one error that suggests `%s`',
    async (key) => {
      await fc.assert(
        fc.asyncProperty(slip(key), async (wrong) => {
          const records = await recordsOf({ ...whole, losses: [{ use: 'soft-targets', [wrong]: 1 }] });
          expect(records).toHaveLength(1);
          expect(records[0]).toMatchObject({
            code: 'RECIPE_UNKNOWN_OPTION',
            hint: `did you mean \`${key}\`?`,
          });
        }),
        { numRuns: 15 },
      );
    },
  );
});
