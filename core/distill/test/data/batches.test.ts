// Batches: order, resumption, transforms that do not depend on batching, errors that name the example.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import {
  batchCount,
  batches,
  descriptionOf,
  memoryDataset,
  PotstillError,
  type Batch,
  type BatchOptions,
  type Dataset,
  type IndexedDataset,
  type StreamDataset,
  type Transform,
} from 'potstill';

const random = randomStream(7);

function numbers(count: number): IndexedDataset {
  return memoryDataset({
    description: { inputs: ['x'], target: 'label' },
    columns: {
      x: { dtype: 'float32', shape: [count, 2], data: Float32Array.from({ length: count * 2 }, (_, i) => i) },
      label: { dtype: 'int32', shape: [count], data: Int32Array.from({ length: count }, (_, i) => i % 3) },
    },
  });
}

/** The same without the fast path. */
function oneByOne(dataset: IndexedDataset): IndexedDataset {
  return {
    ...descriptionOf(dataset),
    size: dataset.size,
    example: (index) => dataset.example(index),
  };
}

function streamOf(dataset: IndexedDataset): StreamDataset {
  return {
    spec: dataset.spec,
    inputs: dataset.inputs,
    fingerprint: dataset.fingerprint,
    async *examples() {
      for (let i = 0; i < dataset.size; i++) yield await dataset.example(i);
    },
  };
}

const noise: Transform = {
  fingerprint: 'noise',
  random: true,
  apply(example, stream) {
    const x = example.x;
    if (x?.dtype !== 'float32') throw new Error('no x');
    const drawn = stream.uniform(x.data.length);
    return { ...example, x: { ...x, data: x.data.map((value, i) => value + (drawn[i] ?? 0)) } };
  },
};

async function all(dataset: Dataset, options: Partial<BatchOptions> & { size: number }): Promise<Batch[]> {
  const out: Batch[] = [];
  for await (const batch of batches(dataset, { random, ...options })) out.push(batch);
  return out;
}

/** Every example's x by index, whatever the batching. */
function byIndex(list: readonly Batch[]): Map<number, number[]> {
  return new Map(
    list.flatMap((batch) =>
      batch.indices.map((index, row): [number, number[]] => [
        index,
        Array.from((batch.tensors.x?.data ?? new Float32Array(0)).subarray(row * 2, row * 2 + 2)),
      ]),
    ),
  );
}

describe('batches', () => {
  it('keeps the last partial batch, in order', async () => {
    const list = await all(numbers(5), { size: 2 });
    expect(list.map((batch) => batch.indices)).toEqual([[0, 1], [2, 3], [4]]);
    expect(list.map((batch) => batch.size)).toEqual([2, 2, 1]);
    expect(list[2]?.tensors.x).toEqual({ dtype: 'float32', shape: [1, 2], data: Float32Array.of(8, 9) });
  });

  it('leaves the partial batch out when asked to', async () => {
    expect((await all(numbers(5), { size: 2, dropLast: true })).map((batch) => batch.size)).toEqual([2, 2]);
    expect(batchCount(5, 2)).toBe(3);
    expect(batchCount(5, 2, true)).toBe(2);
    expect(batchCount(0, 2)).toBe(0);
  });

  it('gives nothing for an empty data set and one batch for one example', async () => {
    expect(await all(numbers(0), { size: 4 })).toEqual([]);
    expect((await all(numbers(1), { size: 4 })).map((batch) => batch.indices)).toEqual([[0]]);
  });

  it('shuffles by epoch, the same way each time', async () => {
    const order = async (epoch: number) =>
      (await all(numbers(40), { size: 7, order: 'shuffled', epoch })).flatMap((batch) => batch.indices);
    const first = await order(0);
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(first).not.toEqual(first.toSorted((a, b) => a - b));
    expect(await order(0)).toEqual(first);
    expect(await order(1)).not.toEqual(first);
  });

  it('reads given indices in their order', async () => {
    const list = await all(numbers(9), { size: 2, order: [8, 0, 8] });
    expect(list.map((batch) => batch.indices)).toEqual([[8, 0], [8]]);
  });

  it('resumes an epoch at any batch as if it had never stopped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 12 }),
        fc.boolean(),
        async (count, size, start, asStream) => {
          const data = asStream ? streamOf(numbers(count)) : numbers(count);
          const options = {
            size,
            order: 'shuffled',
            transforms: [noise],
            epoch: 3,
            shuffleBuffer: 5,
          } as const;
          expect(await all(data, { ...options, start })).toEqual((await all(data, options)).slice(start));
        },
      ),
    );
  });

  it('makes of an example the same whatever batch size, order and reading path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 9 }),
        async (count, size) => {
          const data = numbers(count);
          const slow = oneByOne(data);
          const want = byIndex(await all(data, { size: 1, transforms: [noise, noise] }));
          const options = { size, transforms: [noise, noise] };
          expect(byIndex(await all(data, { ...options, order: 'shuffled' }))).toEqual(want);
          expect(byIndex(await all(slow, options))).toEqual(want);
          expect(byIndex(await all(streamOf(data), options))).toEqual(want);
        },
      ),
    );
  });

  it('gives two transforms of one example different numbers', async () => {
    const [once] = await all(numbers(1), { size: 1, transforms: [noise] });
    const [twice] = await all(numbers(1), { size: 1, transforms: [noise, noise] });
    const a = once?.tensors.x?.data[0] ?? 0;
    const b = twice?.tensors.x?.data[0] ?? 0;
    expect(b - a).not.toBeCloseTo(a, 6);
  });

  it('draws anew in another epoch', async () => {
    const options = { size: 4, transforms: [noise] };
    expect(byIndex(await all(numbers(4), { ...options, epoch: 1 }))).not.toEqual(
      byIndex(await all(numbers(4), { ...options, epoch: 0 })),
    );
  });

  it('prepares the next batch while the current one is in use', async () => {
    const asked: number[] = [];
    const data: IndexedDataset = {
      ...oneByOne(numbers(3)),
      example: (index) => {
        asked.push(index);
        return numbers(3).example(index);
      },
    };
    const iterator = batches(data, { size: 1, random });
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toEqual([0, 1]);
    await iterator.return();
  });

  it('stops cleanly when the consumer leaves early', async () => {
    for await (const batch of batches(numbers(10), { size: 2, random })) {
      expect(batch.indices).toEqual([0, 1]);
      break;
    }
  });

  it('names data set and example when one cannot be read, on the fast path too', async () => {
    const broken: IndexedDataset = {
      ...numbers(6),
      example: (index) => (index === 4 ? Promise.reject(new Error('bad sector')) : numbers(6).example(index)),
    };
    const slow = oneByOne(broken);
    const rejectFour = async (indices: ArrayLike<number>): Promise<Batch> => {
      if (Array.from(indices).includes(4)) throw new Error('bad sector');
      return { size: indices.length, tensors: {}, indices: Array.from(indices) };
    };
    const fast = { ...broken, batch: rejectFour };
    for (const data of [slow, fast]) {
      const failure = await all(data, { size: 3, name: 'train' }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PotstillError);
      expect((failure as PotstillError).message).toBe('DATA_DAMAGED: train: example 4: bad sector');
    }
  });

  it('keeps code and hint of an error that says more, and lets internal bugs pass', async () => {
    const failing = (error: Error): StreamDataset => ({
      ...streamOf(numbers(0)),
      async *examples() {
        yield await numbers(1).example(0);
        throw error;
      },
    });
    const lost = new PotstillError({ code: 'DATA_NOT_FOUND', message: 'a.wav is gone', hint: 'look' });
    const failure = await all(failing(lost), { size: 1 }).catch((error: unknown) => error);
    expect((failure as PotstillError).records).toEqual([
      { code: 'DATA_NOT_FOUND', message: 'data set: example 1: a.wav is gone', hint: 'look' },
    ]);
    await expect(all(failing(new Error('internal: oh')), { size: 1 })).rejects.toThrow(/^internal: oh$/);
  });

  it('blames a transform that throws, with the example', async () => {
    const bad: Transform = {
      fingerprint: 'bad',
      random: false,
      apply: () => {
        throw new Error('no such field');
      },
    };
    await expect(all(numbers(2), { size: 2, transforms: [noise, bad], name: 'train' })).rejects.toThrow(
      'PLUGIN_FAILED: train: transform 1 of example 0: no such field',
    );
  });

  it('refuses a batch size below one', () => {
    expect(() => batches(numbers(2), { size: 0, random })).toThrow(/batch size must be a positive integer/);
  });

  it('shuffles a stream through its buffer, each example once', async () => {
    const list = await all(streamOf(numbers(50)), { size: 8, order: 'shuffled', shuffleBuffer: 10 });
    const seen = list.flatMap((batch) => batch.indices);
    expect(seen).not.toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});
