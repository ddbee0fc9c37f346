// Samples that look like the whole: over all of the data, every class in its share.
import { describe, expect, it } from 'vitest';
import { randomStream } from '@potstill/engine';
import { batchOf, memoryDataset, sampleIndices, subset, type StreamDataset } from 'potstill';

const random = randomStream(3);

/** Class by class, as folders are read: 900 of class 0, 90 of class 1, 10 of class 2. */
const stored = Int32Array.from({ length: 1000 }, (_, i) => (i < 900 ? 0 : i < 990 ? 1 : 2));
const sorted = memoryDataset({
  description: { inputs: ['x'], target: 'label', labels: ['a', 'b', 'c'] },
  columns: {
    x: { dtype: 'float32', shape: [1000, 1], data: Float32Array.from({ length: 1000 }, (_, i) => i) },
    label: { dtype: 'int32', shape: [1000], data: stored },
  },
});

function counts(indices: ArrayLike<number>): number[] {
  const found = [0, 0, 0];
  for (const index of Array.from(indices)) (found[stored[index] as number] as number)++;
  return found;
}

describe('sampleIndices', () => {
  it('gives every class of sorted data its share, rare ones at least one example', () => {
    const sample = sampleIndices(sorted, 100, random);
    expect(new Set(sample).size).toBe(100);
    const [a = 0, b = 0, c = 0] = counts(sample);
    expect(Math.abs(a - 90)).toBeLessThanOrEqual(1);
    expect(Math.abs(b - 9)).toBeLessThanOrEqual(1);
    expect(Math.abs(c - 1)).toBeLessThanOrEqual(1);
    expect(counts(sampleIndices(sorted, 3, random))).toEqual([1, 1, 1]);
  });

  it('draws from all of the data where classes are not known', () => {
    const sample = sampleIndices({ size: 1000 }, 200, random);
    expect(new Set(sample).size).toBe(200);
    const tenths = Array.from(
      { length: 10 },
      (_, k) => sample.filter((i) => Math.floor(i / 100) === k).length,
    );
    expect(Math.min(...tenths)).toBeGreaterThan(5);
  });

  it('is the same for the same stream, another for another, and in random order', () => {
    const sample = sampleIndices(sorted, 50, random);
    expect(sampleIndices(sorted, 50, random)).toEqual(sample);
    expect(sampleIndices(sorted, 50, randomStream(4))).not.toEqual(sample);
    expect(sample).not.toEqual(Uint32Array.from(sample).sort());
  });

  it('gives all where there are no more, and none where none are asked for', () => {
    expect(Array.from(sampleIndices(subset(sorted, [5, 950]), 9, random)).sort()).toEqual([0, 1]);
    expect(sampleIndices({ size: 0 }, 9, random)).toHaveLength(0);
    expect(sampleIndices(sorted, 0, random)).toHaveLength(0);
  });
});

describe('batchOf', () => {
  const stream: StreamDataset = {
    spec: sorted.spec,
    inputs: sorted.inputs,
    fingerprint: 'stream',
    async *examples() {
      for (let i = 0; i < sorted.size; i++) yield await sorted.example(i);
    },
  };

  it.each([
    ['an indexed data set', sorted],
    ['a stream', stream],
  ])('reads the examples of %s in the order asked for', async (_, dataset) => {
    const batch = await batchOf(dataset, [901, 7, 995], { random });
    expect(batch.indices).toEqual([901, 7, 995]);
    expect(batch.tensors.x?.data).toEqual(Float32Array.of(901, 7, 995));
    expect(batch.tensors.label?.data).toEqual(Int32Array.of(1, 0, 2));
    expect((await batchOf(dataset, [], { random })).size).toBe(0);
  });
});
