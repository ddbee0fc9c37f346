// limit, classes, split and sampler: of any data set, by the core.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dataset,
  definePlugin,
  drawByWeight,
  memoryDataset,
  PotstillError,
  recipeHash,
  type IndexedDataset,
  type RunEvent,
} from 'potstill';
import { z } from 'zod';
import { openData, type OpenData, type RunData } from '../../src/run/data.js';
import { quietContainer } from '../../src/run/latest-run.js';
import { Workplace } from './tiny.js';

/** 60 examples: x is the number of the example, classes cat, dog and car in turn, five to a speaker; weight is x. */
const animals = dataset('cut/animals', {
  help: 'numbered examples',
  options: z.strictObject({
    size: z.int().default(60),
    order: z.array(z.string()).default(['cat', 'dog', 'car']),
  }),
  create({ size, order }): IndexedDataset {
    const names = ['cat', 'dog', 'car'];
    const all = Array.from({ length: size }, (_, i) => i);
    const made = memoryDataset({
      description: { inputs: ['x'], target: 'label', labels: order, groups: { speaker: speakers } },
      columns: {
        x: { dtype: 'float32', shape: [size, 1], data: Float32Array.from(all) },
        label: {
          dtype: 'int32',
          shape: [size],
          data: Int32Array.from(all, (i) => order.indexOf(names[i % 3] ?? '')),
        },
        speaker: { dtype: 'int32', shape: [size], data: Int32Array.from(all, (i) => Math.floor(i / 5) % 12) },
        weight: { dtype: 'float32', shape: [size], data: Float32Array.from(all, (i) => i % 4) },
      },
    });
    return {
      ...made,
      fitTo: (indices) => ({
        ...made,
        preprocessing: { layout: 'flat', scale: 1, mean: [indices.length], std: [1] },
      }),
    };
  },
});
const speakers = Array.from({ length: 12 }, (_, i) => `speaker ${i}`);

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.make();
  place.known.set(
    'cut',
    definePlugin({ name: 'cut', version: '1.0.0', potstill: '*', components: [animals] }),
  );
});
afterEach(async () => {
  await rm(place.folder, { recursive: true, force: true });
});

async function open(data: string): Promise<RunData> {
  await place.write(
    'cut.yaml',
    `name: cut
plugins: [cut]
data: ${data}
student: { use: mlp, hidden: [4] }
losses: [cross-entropy]
train: { epochs: 1 }
threads: 1
`,
  );
  const recipe = await place.open('cut.yaml');
  const container = await quietContainer(recipe, place.folder);
  try {
    return await openData(recipe.plan, container);
  } finally {
    await container.dispose();
  }
}

async function refusal(data: string) {
  const error = await open(data).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error.records[0];
}

function indexed(part: OpenData | undefined): IndexedDataset {
  if (part?.dataset.size === undefined) throw new Error('no indexed data');
  return part.dataset;
}

/** Numbers of the examples with the names of their classes. */
async function contents(part: OpenData | undefined): Promise<string[]> {
  const data = indexed(part);
  const all = Array.from({ length: data.size }, (_, i) => i);
  const examples = await Promise.all(all.map((i) => data.example(i)));
  return examples.map(
    ({ x, label }) => `${x?.data[0]} ${part?.description.labels?.[label?.data[0] ?? -1] ?? 'none'}`,
  );
}
const numbers = async (part: OpenData | undefined) =>
  (await contents(part)).map((each) => parseInt(each, 10));

describe('limit', () => {
  it('takes the first examples, of a stream too', async () => {
    const { train, test } = await open(
      '{ train: { use: cut/animals, limit: 4 }, test: { use: cut/animals, limit: 99 } }',
    );
    expect(await contents(train)).toEqual(['0 cat', '1 dog', '2 car', '3 cat']);
    expect(test?.size).toBe(60);
    await place.write('stream.yaml', (await import('./tiny.js')).studentYaml);
    const recipe = await place.open(
      'stream.yaml',
      'data.train={use: tiny/stream, limit: 9}',
      'teacher={use: tiny/teacher}',
    );
    const container = await quietContainer(recipe, place.folder);
    expect((await openData(recipe.plan, container)).train.size).toBe(9);
    await container.dispose();
  });

  it('fits statistics to what is taken', async () => {
    const { train, test } = await open('{ train: { use: cut/animals, limit: 7 }, test: cut/animals }');
    expect(train.description.preprocessing?.mean).toEqual([7]);
    expect(test?.size).toBe(60);
  });

  it('changes the hash of the recipe and the fingerprint of the data', async () => {
    const read = async (limit: number) => {
      const { train } = await open(`{ train: { use: cut/animals, limit: ${limit} } }`);
      return [train.dataset.fingerprint, recipeHash((await place.open('cut.yaml')).plan)];
    };
    const [[a, b], [c, d]] = [await read(5), await read(6)];
    expect([a === c, b === d]).toEqual([false, false]);
  });
});

describe('classes', () => {
  it('counts classes as another in every part, in whatever order the part has them', async () => {
    const { train, test } = await open(
      '{ train: { use: cut/animals, limit: 3 }, test: { use: cut/animals, limit: 3, order: [car, dog, cat] }, classes: { cat: animal, dog: animal } }',
    );
    expect(train.description.labels).toEqual(['animal', 'car']);
    expect(await contents(train)).toEqual(['0 animal', '1 animal', '2 car']);
    expect(await contents(test)).toEqual(['0 animal', '1 animal', '2 car']);
    expect(Array.from(indexed(test).targets ?? [])).toEqual([0, 0, 1]);
  });

  it('renames, and leaves out', async () => {
    const { train } = await open(
      '{ train: { use: cut/animals, limit: 3 }, classes: { cat: feline, car: null } }',
    );
    expect(await contents(train)).toEqual(['0 feline', '1 dog', '3 feline']);
    expect(train.description.labels).toEqual(['feline', 'dog']);
  });

  it('counts all classes that are not named as what `*` says', async () => {
    const { train, test } = await open(
      '{ train: { use: cut/animals, limit: 3 }, test: { use: cut/animals, limit: 3, order: [car, dog, cat] }, classes: { dog: dog, "*": rest } }',
    );
    expect(train.description.labels).toEqual(['rest', 'dog']);
    expect(await contents(train)).toEqual(['0 rest', '1 dog', '2 rest']);
    expect(await contents(test)).toEqual(['0 rest', '1 dog', '2 rest']);
    const named = await open('{ train: { use: cut/animals, limit: 3 }, classes: { dog: pet, "*": null } }');
    expect(await contents(named.train)).toEqual(['1 pet', '4 pet', '7 pet']);
  });

  it('refuses names that no part has', async () => {
    expect(await refusal('{ train: cut/animals, classes: { dgo: animal } }')).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message: '`data.classes` names `dgo`, which is no class of the data',
      hint: 'did you mean `dog`?',
      location: { line: 3 },
    });
  });
});

describe('split', () => {
  it('takes validation and test data out of the training data: nothing is in two parts', async () => {
    const data = await open('{ train: cut/animals, split: { validation: 0.2, test: 9 } }');
    const parts = await Promise.all([data.train, data.validation, data.test].map(numbers));
    expect(parts.map(({ length }) => length)).toEqual([39, 12, 9]);
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    for (const part of [data.validation, data.test]) {
      const names = (await contents(part)).map((each) => each.split(' ')[1]);
      expect(
        new Set(['cat', 'dog', 'car'].map((name) => names.filter((each) => each === name).length)).size,
      ).toBe(1);
    }
    // The same seed, the same split; whatever the training's seed is.
    expect(
      await numbers((await open('{ train: cut/animals, split: { validation: 0.2, test: 9 } }')).test),
    ).toEqual(parts[2]);
    expect(
      await numbers(
        (await open('{ train: cut/animals, split: { validation: 0.2, test: 9, seed: 2 } }')).test,
      ),
    ).not.toEqual(parts[2]);
  });

  it('keeps the examples of a group together', async () => {
    const data = await open('{ train: cut/animals, split: { test: 0.25, by: speaker } }');
    const speakersOf = async (part: OpenData | undefined) =>
      new Set((await numbers(part)).map((i) => Math.floor(i / 5)));
    const [ours, theirs] = [await speakersOf(data.train), await speakersOf(data.test)];
    expect([...ours].filter((speaker) => theirs.has(speaker))).toEqual([]);
    expect([ours.size, theirs.size]).toEqual([9, 3]);
  });

  it('fits statistics to the training examples alone', async () => {
    const data = await open('{ train: cut/animals, split: { test: 0.25 } }');
    expect(data.train.description.preprocessing?.mean).toEqual([45]);
    expect(data.test?.description.preprocessing?.mean).toEqual([45]);
  });

  it('applies after limit and classes', async () => {
    const data = await open(
      '{ train: { use: cut/animals, limit: 20 }, classes: { car: null }, split: { test: 0.25 } }',
    );
    expect([data.train.size, data.test?.size]).toEqual([15, 5]);
    expect(await contents(data.test)).not.toContain(expect.stringContaining('car'));
  });

  it.each([
    [
      '{ train: cut/animals, split: { test: 0.2, by: spaeker } }',
      '`data.split.by` names `spaeker`, and the training data has no such field of whole numbers',
      'did you mean `speaker`?',
    ],
    [
      '{ train: { use: cut/animals, limit: 3 }, split: { test: 0.5 } }',
      '`data.split`: test: 2 of 3 examples cannot be taken so that every class keeps one for training',
      'Take fewer examples, or split by another field.',
    ],
    [
      '{ train: cut/animals, test: cut/animals, split: { test: 0.5 } }',
      '`data.split` takes test data out of the training data, and `data.test` is there too',
      'keep one of them',
    ],
    [
      '{ train: cut/animals, split: { seed: 2 } }',
      '`data.split`: must have `validation`, `test` or both',
      undefined,
    ],
  ])('says what is wrong with %s', async (data, message, hint) => {
    const record = await refusal(data);
    expect(record).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message,
      ...(hint ? { hint } : {}),
      location: { line: 3 },
    });
  });

  it('trains a student on the rest and chooses its best epoch on the validation data', async () => {
    const { summary } = await place.run('student.yaml', {
      set: [
        'teacher={use: tiny/teacher}',
        'data={train: {use: tiny/points, size: 120}, split: {validation: 0.2, test: 0.2}}',
        'baseline=false',
      ],
    });
    expect(summary.preflight).toContainEqual({
      level: 'ok',
      code: 'duplicates',
      message: 'no example of the validation and test data is trained on',
    });
    expect(summary.evaluatedOn).toBe('test');
  });
});

describe('sampler', () => {
  const weightsOf = async (sampler: string, more = '') => {
    const { train } = await open(`{ train: { use: cut/animals${more} }, sampler: ${sampler} }`);
    return Array.from(indexed(train).sampling?.weights ?? []);
  };

  it('balances classes, groups and weights', async () => {
    // 0 cat, 1 dog, 2 car, 3 cat
    expect(await weightsOf('class-balanced', ', limit: 4')).toEqual([0.5, 1, 1, 0.5]);
    expect(await weightsOf('{ by: speaker }', ', limit: 6')).toEqual([0.2, 0.2, 0.2, 0.2, 0.2, 1]);
    const [first = 0] = await weightsOf('{ by: speaker, temperature: 2 }', ', limit: 6');
    expect(first).toBeCloseTo(1 / Math.sqrt(5), 12);
    expect(await weightsOf('{ weight: weight }', ', limit: 6')).toEqual([0, 1, 2, 3, 0, 1]);
    expect(await weightsOf('uniform', ', limit: 6')).toEqual([]);
  });

  it('gives classes their shares, and what is left to the others as they come', async () => {
    // 0 cat, 1 dog, 2 car, 3 cat, 4 dog: half for the cats, half for the three others.
    const found = await weightsOf('{ classes: { cat: 0.5 } }', ', limit: 5');
    [1 / 4, 1 / 6, 1 / 6, 1 / 4, 1 / 6].forEach((weight, at) => expect(found[at]).toBeCloseTo(weight, 12));
    const { train } = await open(
      '{ train: cut/animals, classes: { dog: dog, "*": rest }, sampler: { classes: { rest: 0.5 } } }',
    );
    const { sampling, targets } = indexed(train);
    const drawn = drawByWeight(sampling ?? { weights: [] }, 60, randomStream(1));
    expect(Array.from(drawn, (at) => targets?.[at]).filter((label) => label === 0)).toHaveLength(30);
  });

  it('goes on after an interruption to the same bytes, with a mix and a split too', async () => {
    const set = [
      'teacher={use: tiny/teacher}',
      'data={train: {use: mix, of: [{use: tiny/points, size: 70, weight: 1}, {use: tiny/points, size: 40, seed: 8, weight: 2}]}, split: {validation: 0.2, test: 0.2}, transfer: {use: tiny/points, size: 30, seed: 12}}',
      'baseline=false',
    ];
    const whole = await place.run('student.yaml', { set, runsFolder: join(place.folder, 'whole') });
    const controller = new AbortController();
    const progress = {
      emit: (event: RunEvent) => {
        if (event.event === 'epoch' && event.stage === 'student' && event.epoch === 2) controller.abort();
      },
    };
    await expect(
      place.run('student.yaml', { set, signal: controller.signal, services: { progress } }),
    ).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
    const resumed = await place.run('student.yaml', { set, resume: true });
    for (const file of ['student/last.safetensors', 'exports/student.onnx', 'metrics.jsonl'])
      expect(await readFile(join(resumed.runFolder, file)), file).toEqual(
        await readFile(join(whole.runFolder, file)),
      );
  });

  it('does not change what the data are', async () => {
    const [plain, balanced] = [
      await open('{ train: cut/animals }'),
      await open('{ train: cut/animals, sampler: class-balanced }'),
    ];
    expect(balanced.train.dataset.fingerprint).toBe(plain.train.dataset.fingerprint);
    const hash = recipeHash((await place.open('cut.yaml')).plan);
    await open('{ train: cut/animals }');
    expect(recipeHash((await place.open('cut.yaml')).plan)).not.toBe(hash);
  });

  it('says what is wrong', async () => {
    expect(await refusal('{ train: cut/animals, sampler: { weight: wieght } }')).toMatchObject({
      message: '`data.sampler.weight` names `wieght`, and the training data has no such field of one number',
    });
    expect(
      await refusal('{ train: { use: cut/animals, limit: 1 }, sampler: { weight: weight } }'),
    ).toMatchObject({
      code: 'DATA_DAMAGED',
      message: 'train: every weight in `weight` is 0',
    });
    expect(await refusal('{ train: cut/animals, sampler: { classes: { cta: 0.5 } } }')).toMatchObject({
      message: '`data.sampler.classes` names `cta`, which is no class of the training data',
      hint: 'did you mean `cat`?',
      location: { line: 3 },
    });
    expect(
      await refusal('{ train: cut/animals, sampler: { classes: { cat: 0.2, dog: 0.2, car: 0.2 } } }'),
    ).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message:
        '`data.sampler.classes`: the shares of all classes sum to 0.6, and no class is left for the rest of an epoch',
      hint: 'Give shares that sum to 1, or leave a class out.',
    });
    expect(
      await refusal('{ train: cut/animals, sampler: { classes: { cat: 0.8, dog: 0.8 } } }'),
    ).toMatchObject({
      message: '`data.sampler.classes`: must have shares of at most 1 in all',
    });
    expect(await refusal('{ train: cut/animals, sampler: balanced }')).toMatchObject({
      code: expect.stringContaining('RECIPE_') as string,
    });
  });
});

describe('duplicates', () => {
  it('are counted between what is trained on and what is measured on', async () => {
    const { summary } = await place.run('student.yaml', {
      set: [
        'teacher={use: tiny/teacher}',
        'data.test={use: tiny/points, size: 60}',
        'data.transfer={use: tiny/points, size: 40, seed: 7}',
        'train.epochs=1',
        'baseline=false',
      ],
    });
    expect(summary.warnings.filter(({ code }) => code === 'DATA_DUPLICATES')).toMatchObject([
      {
        message: '40 of 40 validation examples have the inputs of examples of the transfer data',
        hint: 'Figures on the validation data are too good by what the student remembers of them.',
      },
      { message: '60 of 60 test examples have the inputs of examples of the training data' },
    ]);
  });
});
