// Data of varying length: names of axes, buckets, batches of like length, resumption, and padding on the host.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import {
  batches,
  chooseBuckets,
  descriptionOf,
  examplesDataset,
  fitAnswers,
  freeAxes,
  lengthsFor,
  measureLengths,
  paddedLengths,
  pad,
  stack,
  subset,
  unpad,
  withChosenBuckets,
  type Batch,
  type BatchOptions,
  type Dataset,
  type Example,
  type IndexedDataset,
  type StreamDataset,
  type TensorSpecs,
} from 'potstill';

const random = randomStream(3);

const spec = {
  frames: { dtype: 'float32', shape: [null, 2], free: ['time'] },
  state: { dtype: 'int32', shape: [null], free: ['time'] },
  words: { dtype: 'int32', shape: [null] },
} as const satisfies TensorSpecs;

/** Utterance i: `length` frames that hold i, a third as many words. */
function utterance(i: number, length: number): Example {
  const words = Math.ceil(length / 3);
  return {
    frames: { dtype: 'float32', shape: [length, 2], data: new Float32Array(2 * length).fill(i + 1) },
    state: { dtype: 'int32', shape: [length], data: new Int32Array(length).fill(i) },
    words: { dtype: 'int32', shape: [words], data: new Int32Array(words).fill(i) },
  };
}

function speech(count: number, lengthOf = (i: number) => 1 + ((i * 37) % 40)): IndexedDataset {
  return examplesDataset({
    description: { spec, inputs: ['frames'], target: 'state' },
    examples: Array.from({ length: count }, (_, i) => utterance(i, lengthOf(i))),
  });
}

async function bucketed(dataset: Dataset, choice = {}): Promise<Dataset> {
  return withChosenBuckets(dataset, [], choice, { random, name: 'train' });
}

/** The same, which tells no lengths. */
function untold(dataset: Dataset): Dataset {
  if (dataset.size === undefined) return dataset;
  return {
    ...descriptionOf(dataset),
    size: dataset.size,
    example: (index) => dataset.example(index),
    ...(dataset.buckets ? { buckets: dataset.buckets } : {}),
  };
}

function streamOf(dataset: Dataset): StreamDataset {
  if (dataset.size === undefined) return dataset;
  const { size } = dataset;
  return {
    ...descriptionOf(dataset),
    ...(dataset.buckets ? { buckets: dataset.buckets } : {}),
    async *examples() {
      for (let i = 0; i < size; i++) yield await dataset.example(i);
    },
  };
}

async function all(dataset: Dataset, options: Partial<BatchOptions> & { size: number }): Promise<Batch[]> {
  const out: Batch[] = [];
  for await (const batch of batches(dataset, { random, ...options })) out.push(batch);
  return out;
}

const shapes = (list: readonly Batch[]) =>
  new Set(list.map(({ tensors }) => tensors.frames?.shape.slice(1).join()));
const indices = (list: readonly Batch[]) => list.map((batch) => [...batch.indices]);
const kinds = [
  ['that tells its lengths', (dataset: Dataset) => dataset],
  ['that tells no lengths', untold],
  ['that is a stream', streamOf],
] as const;

describe('freeAxes', () => {
  it('names axes as the spec does, else by their field', () => {
    const square = { dtype: 'bool', shape: [null, null] } as const;
    expect(freeAxes({ ...spec, square }).map(({ field, name }) => `${field}: ${name}`)).toEqual([
      'frames: time',
      'state: time',
      'words: words',
      'square: square.0',
      'square: square.1',
    ]);
  });

  it('refuses names that are not one for each axis', () => {
    expect(() => freeAxes({ x: { dtype: 'float32', shape: [null, null], free: ['rows'] } })).toThrow(
      '`x` has 2 axes of varying length, and `free` names 1: rows',
    );
  });
});

describe('stack', () => {
  it('refuses axes of one name that differ in length', () => {
    const torn = {
      ...utterance(0, 4),
      state: { dtype: 'int32', shape: [3], data: new Int32Array(3) } as const,
    };
    expect(() => stack([utterance(1, 2), torn], spec, [5, 6], { name: 'train' })).toThrow(
      'train: example 6 has 4 `time` in `frames` and 3 in `state`',
    );
  });

  it('pads to the first bucket that holds all, and beyond the last to a multiple of 8', () => {
    const buckets = [
      { time: 5, words: 2 },
      { time: 10, words: 4 },
    ];
    const shapesOf = (...lengths: number[]) =>
      stack(
        lengths.map((length, i) => utterance(i, length)),
        spec,
        [...lengths.keys()],
        { buckets },
      ).tensors;
    expect(shapesOf(2, 4).frames?.shape).toEqual([2, 5, 2]);
    expect(shapesOf(2, 6).frames?.shape).toEqual([2, 10, 2]);
    expect(shapesOf(2, 6).state?.shape).toEqual([2, 10]);
    expect(shapesOf(2, 6).words?.shape).toEqual([2, 4]);
    expect(shapesOf(11).frames?.shape).toEqual([1, 16, 2]);
    expect(shapesOf(11)['frames.length']?.data).toEqual(Int32Array.of(11));
  });
});

describe('chooseBuckets', () => {
  it('takes one where all lengths are alike, and no more than pay', () => {
    expect(chooseBuckets({ time: [9, 9, 9] })).toEqual([{ time: 9 }]);
    expect(chooseBuckets({ time: [5, 5, 5, 50, 50] })).toEqual([{ time: 5 }, { time: 50 }]);
  });

  it('rounds long lengths to multiples of 8', () => {
    expect(chooseBuckets({ time: [100, 101, 397] }, { count: 2 })).toEqual([{ time: 104 }, { time: 400 }]);
  });

  it('gives other axes what the examples of that length and shorter ones need', () => {
    expect(chooseBuckets({ time: [4, 8, 12], words: [5, 2, 3] }, { count: 3 })).toEqual([
      { time: 4, words: 5 },
      { time: 8, words: 5 },
      { time: 12, words: 5 },
    ]);
  });

  it('lets the axis with the most elements decide', () => {
    const lengths = { time: [4, 4, 8], words: [9, 1, 1] };
    expect(chooseBuckets(lengths, { count: 2 }, { time: 80 }).map(({ time }) => time)).toEqual([4, 8]);
    expect(chooseBuckets(lengths, { count: 2 }, { words: 80 }).map(({ words }) => words)).toEqual([1, 9]);
  });

  it('keeps to given edges, with one more for what is longer', () => {
    expect(chooseBuckets({ time: [3, 7, 30] }, { edges: { time: [10, 20] } })).toEqual([
      { time: 10 },
      { time: 20 },
      { time: 30 },
    ]);
  });

  it('always holds every example it was chosen for, in few buckets', () => {
    const lengths = fc.array(fc.tuple(fc.nat(300), fc.nat(50)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(lengths, (pairs) => {
        const buckets = chooseBuckets({ a: pairs.map(([a]) => a), b: pairs.map(([, b]) => b) });
        expect(buckets.length).toBeLessThanOrEqual(12);
        for (const [a, b] of pairs) expect(buckets).toContainEqual(paddedLengths({ a, b }, buckets));
        buckets.slice(1).forEach((bucket, i) => {
          for (const axis of ['a', 'b'] as const)
            expect(bucket[axis]).toBeGreaterThanOrEqual(buckets[i]?.[axis] as number);
        });
      }),
    );
  });

  it('names an axis of `edges` that is not there', async () => {
    await expect(bucketed(speech(3), { edges: { frame: [3] } })).rejects.toThrow(
      '`data.buckets.edges` names the axis `frame`, which the train data do not have',
    );
  });
});

describe.each(kinds)('batches of a data set %s', (_, kind) => {
  it('compose examples of like length, few shapes, each example once, only the last not full', async () => {
    const dataset = kind(await bucketed(speech(203), { count: 4 }));
    const list = await all(dataset, { size: 8, order: 'shuffled' });
    expect(list).toHaveLength(26);
    expect(list.slice(0, -1).every(({ size }) => size === 8)).toBe(true);
    expect(
      indices(list)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([...Array(203).keys()]);
    expect(shapes(list).size).toBe(4);
    const padded = list.reduce((sum, { tensors }) => sum + (tensors.state?.data.length ?? 0), 0);
    const lengths = list.flatMap(({ tensors }) => [...(tensors['state.length']?.data ?? [])]);
    // Without composing nearly every batch has a long example: about half of it is padding.
    expect(padded).toBeLessThan(1.45 * lengths.reduce((a, b) => a + b, 0));
    const values = list.flatMap(({ tensors, indices: own }) =>
      own.map((index, row) => {
        const [width = 0] = tensors.state?.shape.slice(1) ?? [];
        const length = tensors['state.length']?.data[row] ?? 0;
        const state = tensors.state?.data.subarray(row * width, row * width + length) ?? [];
        return Array.from(state).every((value) => value === index);
      }),
    );
    expect(values.every(Boolean)).toBe(true);
  });

  it('are another composition in another epoch, and resume anywhere', async () => {
    const dataset = kind(await bucketed(speech(151), { count: 3 }));
    const options = { size: 4, order: 'shuffled' } as const;
    const first = indices(await all(dataset, options));
    expect(indices(await all(dataset, { ...options, epoch: 1 }))).not.toEqual(first);
    for (const start of [1, 15, 16, 17, 37])
      expect(indices(await all(dataset, { ...options, start }))).toEqual(first.slice(start));
  });

  it('drop a last batch that is not full', async () => {
    const dataset = kind(await bucketed(speech(70), { count: 3 }));
    const list = await all(dataset, { size: 4, order: 'shuffled', dropLast: true });
    expect(list.map(({ size }) => size)).toEqual(new Array(17).fill(4));
  });
});

describe('measureLengths', () => {
  it('looks at examples where the data set tells nothing, and at what transforms leave', async () => {
    const half = {
      fingerprint: 'half',
      random: false,
      apply: (example: Example): Example => utterance(0, Math.ceil((example.state?.shape[0] ?? 0) / 2)),
    };
    const at = { random, name: 'train' };
    const told = await measureLengths(speech(20), [], at);
    const found = await measureLengths(untold(speech(20)), [], at);
    const ordered = (values: ArrayLike<number> | undefined) => Array.from(values ?? []).sort((a, b) => a - b);
    expect(ordered(found.time)).toEqual(ordered(told.time));
    const halved = await measureLengths(speech(20), [half], at);
    expect(ordered(halved.time)).toEqual(ordered(told.time).map((length) => Math.ceil(length / 2)));
  });

  it('follows a subset', () => {
    expect(subset(speech(5), [4, 0]).lengths?.time).toEqual([1 + ((4 * 37) % 40), 1]);
  });
});

describe('unpad', () => {
  it('gives the examples of a batch back, and of a model its outputs along an axis of the data', () => {
    const examples = [utterance(0, 3), utterance(1, 5)];
    const batch = stack(examples, spec, [0, 1], { buckets: [{ time: 7, words: 3 }] });
    const frames = unpad(
      batch.tensors.frames as Example[string],
      spec.frames,
      batch.tensors['frames.length'],
    );
    expect(frames).toEqual(examples.map((example) => example.frames));
    const logits = { dtype: 'float32', shape: [null, 2], free: ['time'] } as const;
    const lengths = lengthsFor(
      'logits',
      logits,
      {},
      {
        batch: batch.tensors,
        data: { spec, inputs: ['frames'] },
      },
    );
    expect(lengths?.data).toEqual(Int32Array.of(3, 5));
    const unnamed = { dtype: 'float32', shape: [null, 2] } as const;
    const data = { spec, inputs: ['frames'] };
    expect(lengthsFor('logits', unnamed, {}, { batch: batch.tensors, data })?.data).toEqual(lengths?.data);
    const several = { spec, inputs: ['frames', 'words'] };
    expect(lengthsFor('logits', unnamed, {}, { batch: batch.tensors, data: several })).toBe(undefined);
    expect(
      lengthsFor(
        'logits',
        { ...logits, free: ['other'] },
        {},
        {
          batch: batch.tensors,
          data: { spec, inputs: ['frames'] },
        },
      ),
    ).toBe(undefined);
  });

  it('undoes padding of any axes', () => {
    const lengths = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(lengths, fc.nat(3), (sizes, more) => {
        const square = { dtype: 'int32', shape: [null, 2, null] } as const;
        const examples = sizes.map(([a, b]): Example => {
          const data = Int32Array.from({ length: 2 * a * b }, (_, i) => i + 1);
          return { square: { dtype: 'int32', shape: [a, 2, b], data } };
        });
        const batch = stack(examples, { square }, [...sizes.keys()]);
        const stacked = batch.tensors.square as Example[string];
        const [rows = 0, a = 0, two = 0, b = 0] = stacked.shape;
        const further = pad(stacked, [rows, a + more, two, b + more]);
        expect(unpad(further, square, batch.tensors['square.length'])).toEqual(
          examples.map((example) => example.square),
        );
      }),
    );
  });
});

describe('fitAnswers', () => {
  const batch = stack([utterance(0, 3), utterance(1, 5)], spec, [0, 1], { buckets: [{ time: 7, words: 3 }] });
  const answer = (length: number): Example[string] => ({
    dtype: 'float32',
    shape: [2, length],
    data: new Float32Array(2 * length).fill(1),
  });
  const fit = (padded: number, lengths: readonly number[], free?: string[]) =>
    fitAnswers(
      {
        logits: answer(padded),
        'logits.length': { dtype: 'int32', shape: [2], data: Int32Array.from(lengths) },
      },
      { logits: { dtype: 'float32', shape: [null], ...(free ? { free } : {}) } },
      batch,
      spec,
    ).logits?.shape;

  it('pads stored answers as the batch, by the name of the axis or by its lengths', () => {
    expect(fit(5, [3, 5], ['time'])).toEqual([2, 7]);
    expect(fit(9, [3, 5], ['time'])).toEqual([2, 7]);
    expect(fit(5, [3, 5])).toEqual([2, 7]);
    expect(fit(2, [1, 2])).toEqual([2, 3]);
  });

  it('pads others to a multiple of 8, and leaves answers of one shape alone', () => {
    expect(fit(10, [2, 10])).toEqual([2, 16]);
    const fixed = fitAnswers(
      { logits: answer(4) },
      { logits: { dtype: 'float32', shape: [4] } },
      batch,
      spec,
    );
    expect(fixed.logits?.shape).toEqual([2, 4]);
  });
});
