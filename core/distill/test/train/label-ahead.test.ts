// How examples are put to a teacher before a training.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryDataset, type HostTensor, type IndexedDataset, type Teacher } from 'potstill';
import { diskTeacherStore } from '../../src/store/index.js';
import { labelAhead } from '../../src/train/label-ahead.js';
import { viewKey } from '../../src/train/views.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-label-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Example i is `length` numbers, all i. */
function counting(size: number, length: number): IndexedDataset {
  const data = Float32Array.from({ length: size * length }, (_, i) => Math.floor(i / length));
  return memoryDataset({
    description: { inputs: ['x'] },
    columns: { x: { dtype: 'float32', shape: [size, length], data } },
  });
}

/** Labels with a teacher that answers with the first number of each example; the sizes of its batches, and what was stored. */
async function label(dataset: IndexedDataset) {
  const sizes: number[] = [];
  const teacher = {
    outputs: { first: { dtype: 'float32', shape: [1] } },
    fingerprint: 'first',
    async label({ size, tensors }) {
      sizes.push(size);
      // Another batch is prepared meanwhile, in arrays that were read before.
      await new Promise((resolve) => setImmediate(resolve));
      const { data, shape } = tensors.x as HostTensor;
      const first = Float32Array.from({ length: size }, (_, row) => data[row * (shape[1] ?? 0)] as number);
      return { first: { dtype: 'float32', shape: [size, 1], data: first } };
    },
    dispose: () => Promise.resolve(),
  } satisfies Teacher;
  const store = diskTeacherStore({ folder });
  const data = { dataset, transforms: [], name: 'train' };
  const [random, { size }] = [randomStream(1), dataset];
  await labelAhead({ data, size, store, teacher, random, epochs: 1 });
  const answers = await store.open({ key: viewKey(teacher, data, random, 0), teacher, size });
  const indices = Array.from({ length: size }, (_, i) => i);
  const { first } = await answers.read({ size: indices.length, indices, tensors: {} });
  await answers.close();
  return { sizes, first: Array.from(first?.data ?? []) };
}

describe('labelling', () => {
  it.each([
    [784, 256],
    [3 * 32 * 32, 64],
    [40_000, 64],
  ])(
    'asks about examples of %i numbers in batches of %i: about a megabyte, within bounds',
    async (length, batch) => {
      const { sizes, first } = await label(counting(300, length));
      expect(sizes.slice(0, -1)).toEqual(Array(Math.floor(300 / batch)).fill(batch));
      expect(first).toEqual(Array.from({ length: 300 }, (_, i) => i));
    },
  );
});
