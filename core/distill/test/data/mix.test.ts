// Several data sets as one: whose examples, how often, and what must agree.
import { randomStream } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import {
  dataset,
  definePlugin,
  memoryDataset,
  PotstillError,
  type DataDescription,
  type IndexedDataset,
} from 'potstill';
import { makeComponent } from 'potstill/testing';
import { z } from 'zod';
import { drawByWeight, mixComponent } from '../../src/data/index.js';

const told: (DataDescription | undefined)[] = [];
/** x is `from` and up; classes in turn; two groups. */
const numbers = dataset('mix/numbers', {
  help: 'numbers',
  options: z.strictObject({
    size: z.int(),
    from: z.number().default(0),
    labels: z.array(z.string()).default(['a', 'b']),
    languages: z.array(z.string()).default(['nb', 'da']),
    field: z.string().default('x'),
    mean: z.number().optional(),
    stream: z.boolean().default(false),
  }),
  create({ size, from, labels, languages, field, mean, stream }, _services, { train }) {
    told.push(train);
    const all = Array.from({ length: size }, (_, i) => i);
    const made = memoryDataset({
      description: {
        inputs: [field],
        target: 'label',
        labels,
        groups: { language: languages },
        ...(mean === undefined
          ? {}
          : { preprocessing: { layout: 'flat', scale: 1, mean: [mean], std: [1] } }),
      },
      columns: {
        [field]: { dtype: 'float32', shape: [size, 1], data: Float32Array.from(all, (i) => from + i) },
        label: { dtype: 'int32', shape: [size], data: Int32Array.from(all, (i) => i % labels.length) },
        language: { dtype: 'int32', shape: [size], data: Int32Array.from(all, (i) => i % languages.length) },
      },
    });
    if (!stream) return made;
    const { size: _size, ...rest } = made;
    return {
      ...rest,
      async *examples() {
        for (const i of all) yield await made.example(i);
      },
    };
  },
});
const plugin = definePlugin({ name: 'mix', version: '1.0.0', potstill: '*', components: [numbers] });

async function mix(options: Record<string, unknown>): Promise<IndexedDataset> {
  const made = await makeComponent('dataset', mixComponent, {}, { options, plugins: [plugin] });
  if (made.size === undefined) throw new Error('a mix is indexed');
  return made;
}

async function refusal(options: Record<string, unknown>) {
  const error = await mix(options).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error.records[0];
}

const part = (size: number, more: object = {}) => ({ use: 'mix/numbers', size, ...more });

async function names(data: IndexedDataset): Promise<string[]> {
  const all = Array.from({ length: data.size }, (_, i) => i);
  const examples = await Promise.all(all.map((i) => data.example(i)));
  const name = (field: string, list: readonly string[] | undefined, i: number) =>
    list?.[examples[i]?.[field]?.data[0] ?? -1];
  return all.map((i) =>
    [
      examples[i]?.x?.data[0],
      name('label', data.labels, i),
      name('language', data.groups?.language, i),
      name('source', data.groups?.source, i),
    ].join(' '),
  );
}

/** Draws of each part in an epoch. */
function draws(data: IndexedDataset, epoch = 0): number[] {
  const { sampling, groupIndices } = data;
  if (!sampling) throw new Error('no sampling');
  const counts: number[] = [];
  for (const index of drawByWeight(sampling, data.size, randomStream(1).at(epoch))) {
    const source = groupIndices?.source?.[index] ?? 0;
    counts[source] = (counts[source] ?? 0) + 1;
  }
  return counts;
}

describe('mix', () => {
  it('has all examples; classes and groups mean the same in each', async () => {
    const data = await mix({
      of: [
        part(3, { name: 'one' }),
        part(2, { name: 'two', from: 10, labels: ['b', 'a'], languages: ['sv', 'nb'] }),
      ],
    });
    expect(await names(data)).toEqual([
      '0 a nb one',
      '1 b da one',
      '2 a nb one',
      '10 b sv two',
      '11 a nb two',
    ]);
    expect(data.labels).toEqual(['a', 'b']);
    expect(data.groups).toEqual({ source: ['one', 'two'], language: ['nb', 'da', 'sv'] });
    expect(Array.from(data.targets ?? [])).toEqual([0, 1, 0, 1, 0]);
    expect(Array.from(data.groupIndices?.language ?? [])).toEqual([0, 1, 0, 2, 0]);
    const batch = await data.batch?.([4, 0]);
    expect([...(batch?.tensors.x?.data ?? [])]).toEqual([11, 0]);
    expect([...(batch?.tensors.source?.data ?? [])]).toEqual([1, 0]);
    expect(data.sampling).toBeUndefined();
  });

  it('draws by weight: each part its share of every epoch, to within one', async () => {
    const data = await mix({ of: [part(60, { weight: 1 }), part(20, { weight: 3, from: 100 })] });
    for (let epoch = 0; epoch < 5; epoch++) expect(draws(data, epoch)).toEqual([20, 60]);
    const mixed = await mix({ of: [part(60, { weight: 2 }), part(21, { from: 100 })] });
    expect(draws(mixed)).toEqual([54, 27]);
  });

  it('draws by temperature', async () => {
    const of = [part(90), part(10, { from: 100 })];
    expect(draws(await mix({ of, temperature: 2 }))).toEqual([75, 25]);
    expect(draws(await mix({ of, temperature: 1 }))).toEqual([90, 10]);
    expect(draws(await mix({ of, temperature: 1000 }))[0]).toBeLessThanOrEqual(51);
  });

  it('makes further parts like the first, and tells parts of one name apart', async () => {
    told.length = 0;
    const data = await mix({ of: [part(3, { mean: 2 }), part(2, { mean: 2 })] });
    expect(told.map((each) => each?.preprocessing?.mean)).toEqual([undefined, [2]]);
    expect(data.groups?.source).toEqual(['mix/numbers', 'mix/numbers 2']);
  });

  it('mixes mixes: shares within shares', async () => {
    const inner = { use: 'mix', of: [part(10, { weight: 1 }), part(10, { weight: 4 })], weight: 1 };
    const data = await mix({ of: [part(20, { weight: 1 }), inner] });
    expect(data.size).toBe(40);
    const { sampling } = data;
    const counts = [0, 0, 0];
    for (const index of drawByWeight(sampling ?? { weights: [] }, 40, randomStream(2))) {
      const at = index < 20 ? 0 : index < 30 ? 1 : 2;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    expect(counts).toEqual([20, 4, 16]);
  });

  it.each([
    [
      [part(2), part(2, { labels: ['a', 'c'] })],
      'DATA_PARTS_DIFFER',
      'mix: `mix/numbers 2` has classes that `mix/numbers` does not have: c',
    ],
    [
      [part(2), part(2, { field: 'y' })],
      'DATA_PARTS_DIFFER',
      'mix: the inputs of `mix/numbers 2` are y, those of `mix/numbers` are x',
    ],
    [
      [part(2, { mean: 1 }), part(2, { mean: 2 })],
      'DATA_PARTS_DIFFER',
      'mix: the inputs of `mix/numbers 2` are preprocessed in another way than those of `mix/numbers`',
    ],
    [
      [part(2), part(2, { stream: true })],
      'DATA_UNSUPPORTED',
      'mix: `mix/numbers` is a stream, and a mix draws examples by their number',
    ],
    [
      [part(2), { use: 'mix/nubmers', size: 2 }],
      'RECIPE_UNKNOWN_COMPONENT',
      'unknown data set `mix/nubmers`',
    ],
  ])('refuses what does not fit: %#', async (of, code, message) => {
    expect(await refusal({ of })).toMatchObject({ code, message });
  });

  it('takes weights or a temperature', async () => {
    await expect(mix({ of: [part(2, { weight: 1 }), part(2)], temperature: 2 })).rejects.toThrow(
      'must have weights or `temperature`, not both',
    );
  });
});
