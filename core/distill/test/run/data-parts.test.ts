// Parts of the data that do not fit: matched by class name, or refused before anything is trained.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dataset,
  descriptionOf,
  definePlugin,
  memoryDataset,
  PotstillError,
  type DataDescription,
  type Dataset,
  type ErrorRecord,
  type RunEvent,
} from 'potstill';
import { z } from 'zod';
import { openRecipe } from '../../src/container/open-recipe.js';
import { builtInPlugin } from '../../src/run/built-in.js';
import { openData, type RunData } from '../../src/run/data.js';
import { quietContainer } from '../../src/run/latest-run.js';
import { runRecipe } from '../../src/run/run-recipe.js';

const composed = 'caf\u00e9';
const decomposed = 'cafe\u0301';

/** What each made data set was told of the training data. */
const told: (DataDescription | undefined)[] = [];

/** Two examples a class, x = the letter of the class. Class names given are those that the data has, in that order. */
const letters = dataset('parts/letters', {
  help: 'letters',
  options: z.strictObject({
    has: z.array(z.string()),
    classes: z.array(z.string()).optional(),
    width: z.int().default(2),
    mean: z.number().optional(),
    stream: z.boolean().default(false),
    known: z.boolean().default(true),
    targets: z.array(z.int()).optional(),
    unlabelled: z.boolean().optional(),
  }),
  create({ has, classes, width, mean, stream, known, targets, unlabelled }, _services, { train }): Dataset {
    told.push(train);
    const names = classes ?? has;
    const wanted = targets ?? names.flatMap((_, k) => [k, k]);
    const size = wanted.length;
    const x = wanted.flatMap((k) => Array<number>(width).fill(names[k]?.codePointAt(0) ?? 0));
    const made = memoryDataset({
      description: {
        inputs: ['x'],
        target: 'label',
        labels: names,
        ...(unlabelled === undefined ? {} : { unlabelled }),
        ...(mean === undefined
          ? {}
          : { preprocessing: { layout: 'flat', scale: 1, mean: [mean], std: [1] } }),
      },
      columns: {
        x: { dtype: 'float32', shape: [size, width], data: Float32Array.from(x) },
        label: { dtype: 'int32', shape: [size], data: Int32Array.from(wanted) },
      },
    });
    const example = (index: number) => made.example(index);
    if (stream)
      return {
        ...descriptionOf(made),
        async *examples() {
          for (let i = 0; i < size; i++) yield await example(i);
        },
      };
    return known ? made : { ...descriptionOf(made), size, example };
  },
});

const plugin = definePlugin({ name: 'parts', version: '1.0.0', potstill: '*', components: [letters] });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-parts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(train: string, test: string) {
  const file = join(folder, 'recipe.yaml');
  await writeFile(
    file,
    `name: parts
plugins: [parts]
data:
  train: { use: parts/letters, ${train} }
  test: { use: parts/letters, ${test} }
student: { use: mlp, hidden: [4] }
losses: [cross-entropy]
train: { epochs: 1, batch: 4 }
threads: 1
`,
  );
  return openRecipe(file, { builtIn: [builtInPlugin], known: new Map([['parts', plugin]]), cwd: folder });
}

/** The opened data, and the warnings that opening it told. */
async function opened(train: string, test: string): Promise<{ data: RunData; warnings: RunEvent[] }> {
  const recipe = await open(train, test);
  const warnings: RunEvent[] = [];
  const container = await quietContainer(recipe, folder);
  container.services.progress.emit = (event) => void warnings.push(event);
  try {
    return { data: await openData(recipe.plan, container), warnings };
  } finally {
    await container.dispose();
  }
}

async function refusal(train: string, test: string): Promise<ErrorRecord> {
  const error = await opened(train, test).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error.records[0];
}

/** The letter and the class name of each example of the test data, and what a batch says. */
async function pairs({ test, description }: RunData): Promise<string[]> {
  const data = test?.dataset;
  if (data?.size === undefined) throw new Error('no indexed test data');
  const all = Array.from({ length: data.size }, (_, i) => i);
  const name = (x: number | undefined, k: number | undefined) =>
    `${String.fromCodePoint(x ?? 0)}=${description.labels?.[k ?? -1] ?? '?'}`;
  const each = await Promise.all(all.map((i) => data.example(i)));
  const batch = await data.batch?.(all);
  const texts = each.map(({ x, label }) => name(x?.data[0], label?.data[0]));
  expect(all.map((i) => name(batch?.tensors.x?.data[2 * i], batch?.tensors.label?.data[i]))).toEqual(texts);
  expect(Array.from(data.targets ?? [])).toEqual(each.map(({ label }) => label?.data[0]));
  return texts;
}

describe('parts of the data', () => {
  it('are matched by class name when the order differs, and that is told', async () => {
    const { data, warnings } = await opened('has: [a, b, c]', 'has: [c, a, b]');
    expect(data.test?.description.labels).toEqual(['a', 'b', 'c']);
    expect(await pairs(data)).toEqual(['c=c', 'c=c', 'a=a', 'a=a', 'b=b', 'b=b']);
    expect(warnings).toMatchObject([
      {
        event: 'warning',
        code: 'DATA_CLASSES_MATCHED',
        message: 'test: the classes are in another order than in the training data and were matched by name',
      },
    ]);
  });

  it('are matched by name in a stream too', async () => {
    const { data } = await opened('has: [a, b]', 'has: [b, a], stream: true');
    const stream = data.test?.dataset;
    if (!stream || stream.size !== undefined) throw new Error('no stream');
    const labels: unknown[] = [];
    for await (const { label } of stream.examples()) labels.push(label?.data[0]);
    expect(labels).toEqual([1, 1, 0, 0]);
    expect(data.test?.size).toBe(4);
  });

  it('are left alone and not talked of when they agree', async () => {
    const { data, warnings } = await opened('has: [a, b]', 'has: [a, b]');
    expect(warnings).toEqual([]);
    expect(await pairs(data)).toEqual(['a=a', 'a=a', 'b=b', 'b=b']);
  });

  it('may lack a class where the recipe names those that there are', async () => {
    const record = await refusal('has: [a, b, c]', 'has: [a, c]');
    expect(record.code).toBe('DATA_PARTS_DIFFER');
    expect(record.message).toBe(
      'the test data lacks classes of the training data: b\n  training data (3): a, b, c\n  test data (2): a, c',
    );
    expect(record.hint).toBe('If that is meant, write `classes: [a, c]` in `data.test`.');
    expect(record.location).toMatchObject({ file: 'recipe.yaml', line: 5 });

    const { data, warnings } = await opened('has: [a, b, c]', 'has: [a, c], classes: [a, c]');
    expect(await pairs(data)).toEqual(['a=a', 'a=a', 'c=c', 'c=c']);
    expect(warnings).toMatchObject([
      {
        message:
          'test: no examples of b, as the recipe says; figures on this data say nothing about that class',
      },
    ]);
  });

  it('may not have a further class, or wholly other names', async () => {
    const further = await refusal('has: [a, b]', 'has: [a, b, d]');
    expect(further.message).toContain('the test data has classes that the training data does not have: d');
    expect(further.message).toContain('training data (2): a, b\n  test data (3): a, b, d');
    expect(further.hint).toBe('To leave them out, write `classes: [a, b]` in `data.test`.');
    const other = await refusal('has: [a, b]', 'has: [x, y]');
    expect(other.code).toBe('DATA_PARTS_DIFFER');
    expect(other.hint).toContain('use the same names in both');
  });

  it('count a name in another Unicode form as the same', async () => {
    const { data, warnings } = await opened(`has: ["${composed}", d]`, `has: ["${decomposed}", d]`);
    expect(warnings).toEqual([]);
    expect(data.test?.description.labels).toEqual([composed, 'd']);
    const twice = await refusal(`has: ["${composed}", "${decomposed}"]`, 'has: [a]');
    expect(twice.code).toBe('DATA_DAMAGED');
    expect(twice.message).toContain('(U+0063 U+0061 U+0066 U+00E9)');
    expect(twice.message).toContain('(U+0063 U+0061 U+0066 U+0065 U+0301)');
  });

  it('show code points where two different names look alike', async () => {
    const record = await refusal('has: [ab, d]', 'has: ["a\u200bb", d]');
    expect(record.message).toContain('training data (2): ab (U+0061 U+0062), d');
    expect(record.message).toContain('test data (2): a\u200bb (U+0061 U+200B U+0062), d');
  });

  it('must have the same shapes, with the line that makes them so', async () => {
    const record = await refusal('has: [a, b], width: 3', 'has: [a, b]');
    expect(record.code).toBe('DATA_PARTS_DIFFER');
    expect(record.message).toBe('`x` is float32 [2] in the test data, float32 [3] in the training data');
    expect(record.hint).toBe('To use the options of the training data, write `width: 3` in `data.test`.');
  });

  it('must be preprocessed alike', async () => {
    const record = await refusal('has: [a, b], mean: 3', 'has: [a, b], mean: 2');
    expect(record.code).toBe('DATA_PARTS_DIFFER');
    expect(record.message).toContain('training data: layout flat, scale 1, mean [3], std [1]');
    expect(record.message).toContain('test data: layout flat, scale 1, mean [2], std [1]');
    expect(record.hint).toContain('write `mean: 3` in `data.test`');
  });

  it('are told of the training data when they are made', async () => {
    told.length = 0;
    await opened('has: [a, b], mean: 4', 'has: [a, b], mean: 4');
    expect(told[0]).toBeUndefined();
    expect(told[1]).toMatchObject({ labels: ['a', 'b'], preprocessing: { mean: [4] } });
  });

  it('are refused before a run folder is made', async () => {
    const recipe = await open('has: [a, b]', 'has: [x, y]');
    const runsFolder = join(folder, 'runs');
    await expect(
      runRecipe(recipe, { runsFolder, services: { logger: pino({ enabled: false }) } }),
    ).rejects.toMatchObject({ code: 'DATA_PARTS_DIFFER' });
    await expect(stat(runsFolder)).rejects.toThrow('ENOENT');
  });
});

describe('class numbers that are no class', () => {
  it.each([
    ['at opening, where the numbers are known', 'targets: [0, 1, 7]'],
    ['at opening, in a stream', 'stream: true, targets: [0, 1, 7]'],
  ])('are refused %s', async (_, options) => {
    const record = await refusal(`has: [a, b, c], ${options}`, 'has: [a, b, c]');
    expect(record.code).toBe('DATA_DAMAGED');
    expect(record.message).toBe('train: example 2 has label 7, expected 0 to 2: a, b, c');
  });

  it('are refused when they are first read, where they are not known before', async () => {
    const recipe = await open('has: [a, b, c], known: false, targets: [0, 1, 7]', 'has: [a, b, c]');
    await expect(
      runRecipe(recipe, { runsFolder: join(folder, 'runs'), services: { logger: pino({ enabled: false }) } }),
    ).rejects.toThrow('train: example 2 has label 7, expected 0 to 2: a, b, c');
  });

  it('may be -1 in training data that says so, and nowhere else', async () => {
    const record = await refusal('has: [a, b], targets: [0, -1, 1]', 'has: [a, b]');
    expect(record.message).toBe('train: example 1 has label -1, expected 0 to 1: a, b');
    expect(record.hint).toContain('`unlabelled: true`');
    const { data } = await opened('has: [a, b], targets: [0, -1, 1], unlabelled: true', 'has: [a, b]');
    expect(data.train.size).toBe(3);
    const test = await refusal('has: [a, b]', 'has: [a, b], targets: [0, -1, 1], unlabelled: true');
    expect(test.message).toContain('test: example 1 has label -1');
  });
});
