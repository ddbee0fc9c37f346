// vision/idx: selection, layouts, and what is said of files that do not belong together.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PotstillError, type IndexedDataset } from 'potstill';
import { writeIdx } from './idx-files.js';
import { make, testServices } from './services.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-vision-idx-'));
  const write = (name: string, shape: number[], values: ArrayLike<number>) =>
    writeIdx(join(folder, name), shape, values);
  // Image i is filled with the value 10 * i; its label is i modulo 3.
  const filled = (count: number, length: number) =>
    Uint8Array.from({ length: count * length }, (_, i) => 10 * Math.floor(i / length));
  await write('images', [7, 2, 3], filled(7, 6));
  await write('images.gz', [7, 2, 3], filled(7, 6));
  await write('labels', [7], [0, 1, 2, 0, 1, 2, 0]);
  await write('six', [6], [0, 1, 2, 0, 1, 2]);
  await write('colour', [2, 1, 1, 3], [0, 100, 200, 50, 150, 250]);
  await write('two', [2], [1, 0]);
  await write('none', [0, 2, 3], []);
  await write('nolabels', [0], []);
});
afterAll(() => rm(folder, { recursive: true }));

const open = (options: object) =>
  make('dataset', 'vision/idx', options, testServices(folder), {}) as Promise<IndexedDataset>;
const whole = { images: 'images', labels: 'labels', scale: 1 };

/** The first pixel of each example, which says which image it is. */
async function firsts(data: IndexedDataset): Promise<number[]> {
  const out: number[] = [];
  for (let i = 0; i < data.size; i++) out.push((await data.example(i)).image?.data[0] ?? NaN);
  return out;
}

describe('vision/idx', () => {
  it('reads flat examples with labels named by number', async () => {
    const data = await open({ images: 'images', labels: 'labels' });
    expect(data.size).toBe(7);
    expect(data.labels).toEqual(['0', '1', '2']);
    expect(data.spec).toEqual({
      image: { dtype: 'float32', shape: [6] },
      label: { dtype: 'int32', shape: [] },
    });
    expect(data.preprocessing).toEqual({ layout: 'flat', scale: 1 / 255, mean: [0], std: [1] });
    const example = await data.example(5);
    expect(example.image?.data).toEqual(new Float32Array(6).fill(50 / 255));
    expect(example.label?.data).toEqual(Int32Array.of(2));
  });

  it('gives the same from a gzip file', async () => {
    const packed = await open({ ...whole, images: 'images.gz' });
    expect(packed.fingerprint).toBe((await open(whole)).fingerprint);
  });

  it('gives height, width and channels as image, each channel normalised by its own', async () => {
    const data = await open({
      images: 'colour',
      labels: 'two',
      layout: 'image',
      scale: 0.01,
      mean: [0, 1, 2],
      std: [1, 2, 4],
    });
    expect(data.spec.image?.shape).toEqual([1, 1, 3]);
    const { image } = await data.example(1);
    expect(image?.data).toEqual(Float32Array.of(0.5, 0.25, (250 * 0.01 - 2) / 4));
    expect(data.preprocessing).toEqual({ layout: 'NHWC', scale: 0.01, mean: [0, 1, 2], std: [1, 2, 4] });
  });

  it('gives in a batch what it gives example by example', async () => {
    for (const [options, indices] of [
      [whole, [6, 0, 3, 3]],
      [{ images: 'colour', labels: 'two', mean: [0.1, 0.2, 0.3], layout: 'image' }, [1, 0]],
      [whole, []],
    ] as const) {
      const data = await open(options);
      const batch = await data.batch?.(indices);
      const examples = await Promise.all(indices.map((index) => data.example(index)));
      expect(batch?.tensors.image?.shape).toEqual([indices.length, ...(data.spec.image?.shape ?? [])]);
      expect(Array.from(batch?.tensors.image?.data ?? [])).toEqual(
        examples.flatMap((example) => Array.from(example.image?.data ?? [])),
      );
      expect(Array.from(batch?.tensors.label?.data ?? [])).toEqual(
        examples.map((example) => example.label?.data[0]),
      );
      expect(batch?.indices).toEqual(indices);
    }
  });

  it('selects by range, then class', async () => {
    expect(await firsts(await open({ ...whole, range: [2, 5] }))).toEqual([20, 30, 40]);
    expect(await firsts(await open({ ...whole, range: [5, 99] }))).toEqual([50, 60]);
    expect(await firsts(await open({ ...whole, classes: [0, 2] }))).toEqual([0, 20, 30, 50, 60]);
    expect(await firsts(await open({ ...whole, exclude: [0] }))).toEqual([10, 20, 40, 50]);
    expect(await firsts(await open({ ...whole, range: [1, 7], exclude: [1] }))).toEqual([20, 30, 50, 60]);
  });

  it('keeps class numbers and names when classes are left out', async () => {
    const data = await open({ ...whole, classes: [2], names: ['a', 'b', 'c', 'd'] });
    expect(data.labels).toEqual(['a', 'b', 'c', 'd']);
    expect((await data.example(0)).label?.data[0]).toBe(2);
  });

  it('takes names and normalisation of the training data for test data', async () => {
    const train = await open({ ...whole, names: ['a', 'b', 'c', 'd'], mean: 3, std: 2 });
    const test = (await make(
      'dataset',
      'vision/idx',
      { images: 'images', labels: 'labels' },
      testServices(folder),
      {
        train,
      },
    )) as IndexedDataset;
    expect(test.labels).toEqual(['a', 'b', 'c', 'd']);
    expect(test.preprocessing).toEqual(train.preprocessing);
    // A label that the training data has no name for is left to the comparison of the parts.
    const further = (await make(
      'dataset',
      'vision/idx',
      { images: 'images', labels: 'labels' },
      testServices(folder),
      {
        train: { ...train, labels: ['0', '1'] },
      },
    )) as IndexedDataset;
    expect(further.labels).toEqual(['0', '1', '2']);
  });

  it('has another fingerprint for another selection or normalisation', async () => {
    const prints = await Promise.all(
      [
        whole,
        { ...whole, range: [0, 3] },
        { ...whole, exclude: [1] },
        { ...whole, mean: 1 },
        { ...whole, layout: 'image' },
      ].map(async (options) => (await open(options)).fingerprint),
    );
    expect(new Set(prints).size).toBe(5);
  });

  it.each([
    [{ labels: 'six' }, /DATA_DAMAGED: .*images has 7 images, .*six has 6 labels/],
    [{ images: 'labels' }, /DATA_DAMAGED: .*labels has shape \[7\], expected images \[n, height, width\]/],
    [{ labels: 'images' }, /DATA_DAMAGED: .*images has shape \[7, 2, 3\], expected labels \[n\]/],
    [
      { names: ['a', 'b'] },
      /DATA_DAMAGED: .*labels: example 2 has label 2, and only 2 class names are known/,
    ],
    [{ images: 'absent' }, /DATA_NOT_FOUND: idx file .*absent cannot be read/],
    [{ images: 'none', labels: 'nolabels' }, /DATA_EMPTY: vision\/idx: none of 0 examples is left/],
    [{ classes: [9] }, /DATA_EMPTY: vision\/idx: none of 7 examples is left after \{"classes":\[9\]\}/],
    [{ mean: [0, 0] }, /RECIPE_BAD_VALUE: `mean` has 2 values, the images have 1 channel/],
    [{ images: 'data:a' }, /DATA_NOT_FOUND: data:a is in the folder for shared data/],
  ])('says what is wrong with %j', async (options, message) => {
    const failure = await open({ ...whole, ...options }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PotstillError);
    expect((failure as PotstillError).message).toMatch(message);
  });

  it('refuses a range the wrong way round and unknown options', async () => {
    await expect(open({ ...whole, range: [3, 3] })).rejects.toThrow('`from` must be below `to`');
    await expect(open({ ...whole, splt: 'train' })).rejects.toThrow('splt');
  });
});
