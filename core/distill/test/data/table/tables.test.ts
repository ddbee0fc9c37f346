// Tables as data sets: what the columns of a file become, the same from each format, and what is said of a wrong value.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descriptionOf, PotstillError, type DataDescription, type IndexedDataset } from 'potstill';
import { makeComponent } from 'potstill/testing';
import { tableComponents } from '../../../src/data/index.js';

const here = fileURLToPath(new URL('.', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-tables-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(
  use: string,
  options: Record<string, unknown>,
  train?: DataDescription,
): Promise<IndexedDataset> {
  const component = tableComponents.find(({ name }) => name === use);
  if (!component) throw new Error(`no data set ${use}`);
  const made = await makeComponent('dataset', component, train ? { train } : {}, { options });
  if (made.size === undefined) throw new Error('a table is indexed');
  return made;
}

let written = 0;
/** A data set of a file with this content. */
async function fromText(
  content: string | Uint8Array,
  options: Record<string, unknown>,
  more: { readonly use?: string; readonly train?: DataDescription; readonly name?: string } = {},
): Promise<IndexedDataset> {
  const { use = 'csv', name = `t${written++}.${use}` } = more;
  const file = join(folder, name);
  await writeFile(file, content);
  return open(use, { file, ...options }, more.train);
}

async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error.records[0];
}

async function rows(data: IndexedDataset): Promise<Record<string, number[]>[]> {
  const all = Array.from({ length: data.size }, (_, i) => i);
  const each = await Promise.all(all.map((i) => data.example(i)));
  return each.map((example) =>
    Object.fromEntries(
      Object.entries(example).map(([field, { data: values }]) => [
        field,
        Array.from(values, (value) => Number(value.toPrecision(5))),
      ]),
    ),
  );
}

const homes = `area,rooms,city,note,kind,price
52.5,2,Oslo,"a, b",flat,1.5
,3,Bergen,"say ""so""",house,2.5
80,4,Oslo,,house,3.5
61.25,2,Tromsø,ø,flat,4.5
`;
const roles = {
  features: ['area', 'rooms', { column: 'city', as: 'category' }],
  target: 'kind',
  missing: 'indicator',
};

describe('a table', () => {
  it('standardises numbers, gives categories one input each, and marks what is missing', async () => {
    const data = await fromText(homes, roles);
    // area: mean of 52.5, 80 and 61.25, population standard deviation; rooms: 2, 3, 4, 2.
    const mean = (52.5 + 80 + 61.25) / 3;
    const std = Math.sqrt(((52.5 - mean) ** 2 + (80 - mean) ** 2 + (61.25 - mean) ** 2) / 3);
    const rooms = Math.sqrt((2 * 0.75 ** 2 + 0.25 ** 2 + 1.25 ** 2) / 4);
    const short = (value: number) => Number(value.toPrecision(5));
    expect(await rows(data)).toEqual([
      { features: [short((52.5 - mean) / std), 0, short(-0.75 / rooms), 0, 1, 0], target: [0] },
      { features: [0, 1, short(0.25 / rooms), 1, 0, 0], target: [1] },
      { features: [short((80 - mean) / std), 0, short(1.25 / rooms), 0, 1, 0], target: [1] },
      { features: [short((61.25 - mean) / std), 0, short(-0.75 / rooms), 0, 0, 1], target: [0] },
    ]);
    expect(data).toMatchObject({
      labels: ['flat', 'house'],
      inputs: ['features'],
      target: 'target',
      size: 4,
    });
    expect(Array.from(data.targets ?? [])).toEqual([0, 1, 1, 0]);
    expect(data.columns).toMatchObject([
      { column: 'area', as: 'number', mean, std, fill: mean, indicator: true },
      { column: 'rooms', as: 'number', mean: 2.75, indicator: false },
      { column: 'city', as: 'category', categories: ['Bergen', 'Oslo', 'Tromsø'], fill: 'Oslo' },
    ]);
  });

  it('gives in a batch what it gives one by one', async () => {
    const data = await fromText(homes, { ...roles, groups: ['city'] });
    const order = [3, 0, 0, 2];
    const batch = await data.batch?.(order);
    const each = await Promise.all(order.map((i) => data.example(i)));
    for (const [name, { shape }] of Object.entries(data.spec)) {
      expect(batch?.tensors[name]?.shape).toEqual([4, ...shape]);
      expect(Array.from(batch?.tensors[name]?.data ?? [])).toEqual(
        each.flatMap((example) => Array.from(example[name]?.data ?? [])),
      );
    }
  });

  it('takes the mean for a missing value without an indicator', async () => {
    const data = await fromText(homes, { ...roles, features: ['area'], missing: 'mean' });
    expect((await rows(data)).map(({ features }) => features?.length)).toEqual([1, 1, 1, 1]);
    expect((await rows(data))[1]?.features).toEqual([0]);
  });

  it('leaves numbers as they are with standardise: false', async () => {
    const data = await fromText(homes, { features: ['rooms'], target: 'kind', standardise: false });
    expect((await rows(data)).map(({ features }) => features)).toEqual([[2], [3], [4], [2]]);
  });

  it('does not divide by a standard deviation of 0', async () => {
    const data = await fromText('a,k\n5,x\n5,y\n', { features: ['a'], target: 'k' });
    expect((await rows(data)).map(({ features }) => features)).toEqual([[0], [0]]);
  });

  it('has the bytes of text columns and their lengths, numbers as target, groups by name', async () => {
    const data = await fromText(homes, {
      text: ['note'],
      target: { column: 'price', as: 'number' },
      groups: ['city'],
    });
    expect(await rows(data)).toEqual([
      { note: [...Buffer.from('a, b')], target: [1.5], city: [1] },
      { note: [...Buffer.from('say "so"')], target: [2.5], city: [0] },
      { note: [], target: [3.5], city: [1] },
      { note: [0xc3, 0xb8], target: [4.5], city: [2] },
    ]);
    expect(data.groups).toEqual({ city: ['Bergen', 'Oslo', 'Tromsø'] });
    expect(Array.from(data.groupIndices?.city ?? [])).toEqual([1, 0, 1, 2]);
    expect(Array.from(data.lengths?.note ?? [])).toEqual([4, 8, 0, 2]);
    expect(data.spec.note).toEqual({ dtype: 'int32', shape: [null] });
  });

  it('uses the statistics of the training data in other parts', async () => {
    const train = await fromText(homes, roles);
    const test = await fromText('city,area,kind,rooms\nOslo,100,flat,2.75\n', roles, {
      train: descriptionOf(train),
    });
    expect(test.columns).toEqual(train.columns);
    const [area] = train.columns ?? [];
    if (area?.as !== 'number') throw new Error('area is a number');
    const value = Number(((100 - area.mean) / area.std).toPrecision(5));
    expect(await rows(test)).toEqual([{ features: [value, 0, 0, 0, 1, 0], target: [0] }]);
  });

  it('learns statistics from the rows it is fitted to alone', async () => {
    const data = await fromText(homes, roles);
    const fitted = data.fitTo?.([1, 2]);
    expect(fitted?.columns).toMatchObject([
      { column: 'area', mean: 80, std: 1, indicator: true },
      { column: 'rooms', mean: 3.5, std: 0.5, indicator: false },
      { column: 'city', categories: ['Bergen', 'Oslo'] },
    ]);
    expect(fitted?.size).toBe(4);
    expect(fitted?.fingerprint).not.toBe(data.fingerprint);
  });

  it('sorts class names by number where all are numbers, and takes an order that is given', async () => {
    const content = 'a,k\n1,10\n2,9\n3,2\n';
    expect((await fromText(content, { features: ['a'], target: 'k' })).labels).toEqual(['2', '9', '10']);
    const given = await fromText(content, { features: ['a'], target: 'k', classes: ['9', '10', '2', '1'] });
    expect([given.labels, Array.from(given.targets ?? [])]).toEqual([
      ['9', '10', '2', '1'],
      [1, 0, 2],
    ]);
  });

  it('leaves out rows without a target, or keeps them without a label', async () => {
    const content = 'a,k\n1,x\n2,\n3,y\n';
    const options = (missing: string) => ({
      features: ['a'],
      target: { column: 'k', missing },
      standardise: false,
    });
    const skip = await fromText(content, options('skip'), { name: 'skip.csv' });
    expect((await rows(skip)).map(({ features }) => features)).toEqual([[1], [3]]);
    expect(skip.skipped).toEqual([{ path: 'skip.csv: row 2 (line 3), column `k`', reason: 'is empty' }]);
    const kept = await fromText(content, options('unlabelled'));
    expect([Array.from(kept.targets ?? []), kept.unlabelled]).toEqual([[0, -1, 1], true]);
    const prices = await fromText('a,p\n1,2.5\n2,\n', {
      ...options('unlabelled'),
      target: { column: 'p', as: 'number', missing: 'unlabelled' },
    });
    expect((await rows(prices)).map(({ target, labelled }) => [target, labelled])).toEqual([
      [[2.5], [1]],
      [[NaN], [0]],
    ]);
    expect(prices).toMatchObject({ unlabelled: true, labelled: 'labelled' });
  });

  it('has a fingerprint of its content and options, not of its file', async () => {
    const prints = await Promise.all(
      [
        [homes, roles],
        [homes.replaceAll(',', ';'), { ...roles, delimiter: ';' }],
        [homes.replace('52.5', '52.6'), roles],
        [homes, { ...roles, standardise: false }],
      ].map(
        async ([content, options]) =>
          (await fromText(content as string, options as Record<string, unknown>)).fingerprint,
      ),
    );
    expect(prints[0]).toBe(prints[1]);
    expect(new Set(prints).size).toBe(3);
  });
});

describe('each format', () => {
  const wanted = {
    features: ['area', 'rooms', { column: 'city', as: 'category' }],
    text: ['note'],
    target: 'kind',
    groups: ['kind'],
    missing: 'indicator',
  };
  const lines = [
    { area: 52.5, rooms: 2, city: 'Oslo', note: 'a, b', kind: 'flat' },
    { rooms: 3, city: 'Bergen', note: 'say "so"', kind: 'house' },
    { area: 80, rooms: 4, city: 'Oslo', note: null, kind: 'house' },
    { area: 61.25, rooms: 2, city: 'Tromsø', note: 'ø', kind: 'flat' },
  ];

  it.each([
    ['jsonl', 'homes.jsonl'],
    ['parquet', 'homes-snappy.parquet'],
    ['parquet', 'homes-zstd.parquet'],
    ['parquet', 'homes-none.parquet'],
    ['arrow', 'homes.arrow'],
    ['arrow', 'homes.arrows'],
  ])('%s: %s gives what the CSV file gives', async (use, name) => {
    const expected = await fromText(homes, wanted);
    const data =
      use === 'jsonl'
        ? await fromText(lines.map((line) => JSON.stringify(line)).join('\n'), wanted, { use })
        : await open(use, { file: join(here, name), ...wanted });
    expect(await rows(data)).toEqual(await rows(expected));
    expect(data.fingerprint).toBe(expected.fingerprint);
  });

  it('reads booleans and whole numbers of 64 bits as numbers', async () => {
    for (const [use, name] of [
      ['parquet', 'homes-snappy.parquet'],
      ['arrow', 'homes.arrow'],
    ] as const) {
      const data = await open(use, {
        file: join(here, name),
        features: ['new', 'rooms'],
        missing: 'mean',
        standardise: false,
      });
      const found = (await rows(data)).map(({ features }) => features);
      expect(found).toEqual([
        [1, 2],
        [0, 3],
        [0.66667, 4],
        [1, 2],
      ]);
    }
  });

  it('reads several files as one table, and names the right one', async () => {
    await writeFile(join(folder, 'one.csv'), 'a,k\n1,x\n2,y\n');
    await writeFile(join(folder, 'two.csv'), 'k,a\ny,3\nx,four\n');
    const file = ['one.csv', 'two.csv'].map((name) => join(folder, name));
    expect(await refusal(open('csv', { file, features: ['a'], target: 'k' }))).toMatchObject({
      message: 'two.csv: row 2 (line 3), column `a`: `four` is not a number',
    });
    await writeFile(join(folder, 'two.csv'), 'k,a\ny,3\nx,4\n');
    const data = await open('csv', { file, features: ['a'], target: 'k', standardise: false });
    expect((await rows(data)).map(({ features }) => features)).toEqual([[1], [2], [3], [4]]);
  });

  it('reads CSV without a header, tabs, a byte order mark, line feeds in quotes, CRLF, and more rows than a chunk', async () => {
    const options = { features: ['n'], text: ['t'], standardise: false };
    const read = async (content: string, more: object) =>
      (await rows(await fromText(content, { ...options, ...more }))).map(
        ({ n, features, t }) => [n ?? features?.[0], Buffer.from(t ?? []).toString()] as const,
      );
    expect(await read('7,a\n8,b\n', { header: ['n', 't'] })).toEqual([
      [7, 'a'],
      [8, 'b'],
    ]);
    expect(await read('7,a\n', { header: false, features: ['1'], text: ['2'] })).toHaveLength(1);
    expect(await read('\uFEFFn\tt\r\n7\t"a\r\nb"\r\n', { delimiter: '\t' })).toEqual([[7, 'a\r\nb']]);
    const many = await fromText(
      `n,t\n${Array.from({ length: 20_000 }, (_, i) => `${i},${i}`).join('\n')}`,
      options,
    );
    expect(many.size).toBe(20_000);
    expect((await many.example(19_999)).features?.data[0]).toBe(19_999);
  });
});

describe('a table with a mistake', () => {
  const plain = { features: ['a'], target: 'k' };
  it.each([
    [
      'text for a number',
      'a,k\n1,x\nabc,y\n',
      plain,
      '1.csv: row 2 (line 3), column `a`: `abc` is not a number',
      'If `abc` stands for a missing value, add it to `na`; if the column holds names, write `{ column: a, as: category }`.',
    ],
    [
      'a missing feature',
      'a,k\n1,x\n,y\n',
      plain,
      '1.csv: row 2 (line 3), column `a`: has no value',
      'Set `missing: mean` or `missing: indicator`, or leave the column out.',
    ],
    [
      'a missing target',
      'a,k\n"1",\n',
      plain,
      '1.csv: row 1 (line 2), column `k`: has no value',
      'Set `missing: skip` at the target to leave such rows out, or `missing: unlabelled` to train on them without a label.',
    ],
    [
      'a row after one of several lines',
      'a,t,k\n1,"x\ny",p\n2,z\n',
      { ...plain, text: ['t'] },
      '1.csv: line 4: has 2 fields, the first row has more or fewer',
      'Every row needs the same number of fields, separated by `,`; a field that holds one goes in double quotes.',
    ],
    [
      'a line number after line feeds in quotes',
      'a,t,k\n1,"x\ny",p\ninf,z,p\n',
      { ...plain, text: ['t'] },
      '1.csv: row 2 (line 4), column `a`: `inf` is not a number',
      undefined,
    ],
    [
      'two columns of one name',
      'a,a,k\n1,2,x\n',
      plain,
      '1.csv: column `a`: two columns have this name',
      'Name the columns in `header:`, or set `header: false` where the file has none.',
    ],
    [
      'another number of names',
      '1,x\n',
      { ...plain, header: ['a', 'b', 'k'] },
      '1.csv: has 2 columns, and `header` names 3',
      'Give a name for each column, or another `delimiter`.',
    ],
    [
      'a class that is not named',
      'a,k\n1,x\n2,z\n',
      { ...plain, classes: ['x', 'y'] },
      '1.csv: row 2, column `k` has the class `z`, which is not among `classes`',
      'Add it, or leave `classes` out.',
    ],
  ])('names the file, the row and the column: %s', async (_, content, options, message, hint) => {
    const record = await refusal(fromText(content, options, { name: '1.csv' }));
    expect(record).toMatchObject({ code: 'DATA_DAMAGED', message, ...(hint ? { hint } : {}) });
  });

  it('says what column is meant', async () => {
    expect(
      await refusal(fromText('area,kind\n1,x\n', { features: ['aera'], target: 'kind' }, { name: '2.csv' })),
    ).toMatchObject({
      code: 'RECIPE_BAD_VALUE',
      message: '2.csv has no column `aera`',
      hint: 'did you mean `area`?',
      path: 'dataset.features',
      allowed: ['area', 'kind'],
    });
    expect(
      await refusal(
        fromText('{"area":1}\n{"kind":"x"}', { features: ['aera'] }, { use: 'jsonl', name: '2.jsonl' }),
      ),
    ).toMatchObject({ message: '2.jsonl has no column `aera`', hint: 'did you mean `area`?' });
  });

  it('is not JSON lines', async () => {
    const json = (content: string) => refusal(fromText(content, plain, { use: 'jsonl', name: '3.jsonl' }));
    expect((await json('{"a":1,"k":"x"}\n{"a":')).message).toMatch(/^3\.jsonl: line 2: is not JSON: /);
    expect(await json('[1]')).toMatchObject({ message: '3.jsonl: line 1: is not a map of columns' });
    expect(await json('{"a":"1","k":"x"}')).toMatchObject({
      message: '3.jsonl: row 1 (line 1), column `a`: `1` is not a number',
    });
    expect(await json('{"a":[1],"k":"x"}')).toMatchObject({
      message: '3.jsonl: row 1 (line 1), column `a`: a list is not a number',
    });
    expect(await json('{"a":1,"k":{}}')).toMatchObject({
      message: '3.jsonl: row 1 (line 1), column `k`: a map is not a name',
    });
  });

  it('is no Parquet, no Arrow, no UTF-8, cut short, empty, or not there', async () => {
    const bytes = new Uint8Array(Buffer.from('a,k\n1,\xe9\n', 'latin1'));
    expect(await refusal(fromText(bytes, plain, { name: '4.csv' }))).toMatchObject({
      message: '4.csv: is not UTF-8 text',
      hint: 'Save it in UTF-8.',
    });
    for (const [use, name] of [
      ['parquet', 'Parquet'],
      ['arrow', 'Arrow IPC'],
    ] as const) {
      const record = await refusal(fromText('a,k\n1,x\n', plain, { use, name: `5.${use}` }));
      expect(record).toMatchObject({ code: 'DATA_DAMAGED' });
      expect(record.message).toContain(`5.${use}: cannot be read as ${name}: `);
    }
    expect(await refusal(fromText('a,k\n', plain))).toMatchObject({ code: 'DATA_EMPTY' });
    expect(await refusal(fromText('', plain, { name: '6.csv' }))).toMatchObject({
      code: 'DATA_EMPTY',
      message: '6.csv is empty',
    });
    expect(await refusal(open('csv', { file: '/nowhere/x.csv', ...plain }))).toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: '/nowhere/x.csv does not exist',
      path: 'dataset.file',
    });
    expect(await refusal(fromText('a,k\n1,"x\n2,y\n', plain, { name: '6.csv' }))).toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringMatching(/^6\.csv.*[Qq]uote/) as string,
    });
  });

  it('has a category that the training data does not have', async () => {
    const options = { features: [{ column: 'c', as: 'category' }], target: 'k' };
    const train = descriptionOf(await fromText('c,k\nred,x\nblue,y\n', options));
    const other = 'c,k\nred,x\ngreen,y\n';
    const strict = await fromText(other, options, { train, name: '7.csv' });
    expect(await refusal(strict.example(1))).toMatchObject({
      message: '7.csv: row 2, column `c`: the training data has no `green`',
      hint: 'Set `unknown: zeros` to give a category that the training data does not have no input of its own.',
    });
    const zeros = await fromText(other, { ...options, unknown: 'zeros' }, { train });
    expect((await rows(zeros)).map(({ features }) => features)).toEqual([
      [0, 1],
      [0, 0],
    ]);
  });

  it('has other features than the training data, the target among them, or none', async () => {
    const train = descriptionOf(await fromText('a,b,k\n1,2,x\n', { features: ['a', 'b'], target: 'k' }));
    expect(
      await refusal(fromText('a,b,k\n1,2,x\n', { features: ['b', 'a'], target: 'k' }, { train })),
    ).toMatchObject({
      code: 'DATA_PARTS_DIFFER',
      message:
        'csv: the features are b (number), a (number); those of the training data are a (number), b (number)',
    });
    expect(await refusal(fromText('a,k\n1,2\n', { features: ['a', 'k'], target: 'k' }))).toMatchObject({
      message: 'the target `k` is among the features',
    });
    expect(await refusal(fromText('a,k\n1,2\n', { target: 'k' }))).toMatchObject({
      message: 'a table needs `features` or `text`: columns that become inputs',
    });
    expect(await refusal(fromText('target,k\n1,2\n', { text: ['target'], target: 'k' }))).toMatchObject({
      message: 'the column `target` would become a field of a name that is taken',
    });
  });
});
