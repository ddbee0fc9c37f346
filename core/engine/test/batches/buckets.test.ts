// Lengths to pad to: against every choice there is, and at the edges.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketFor, bucketLengths, padBatch } from '@potstill/engine';

const padded = (lengths: readonly number[], boundaries: readonly number[]) =>
  lengths.reduce((sum, length) => sum + bucketFor(length, boundaries), 0);

/** All ascending choices of at most `count` boundaries among `candidates` that end with the largest. */
function choices(candidates: readonly number[], count: number): number[][] {
  const last = candidates.at(-1) as number;
  const pick = (from: number, left: number): number[][] =>
    left === 0
      ? [[]]
      : [
          [],
          ...candidates
            .slice(from, -1)
            .flatMap((c, i) => pick(from + i + 1, left - 1).map((rest) => [c, ...rest])),
        ];
  return pick(0, count - 1).map((chosen) => [...chosen, last]);
}

describe('bucketLengths', () => {
  it('separates short sequences from long ones', () => {
    expect(bucketLengths([3, 4, 5, 100, 101], 2)).toEqual([5, 101]);
    expect(bucketLengths([3, 4, 5, 100, 101], 1)).toEqual([101]);
  });

  it('gives no more buckets than there are lengths', () => {
    expect(bucketLengths([7, 7, 7], 5)).toEqual([7]);
    expect(bucketLengths([0], 3)).toEqual([1]);
  });

  it('rounds up to multiples', () => {
    expect(bucketLengths([1, 9, 30], 3, { multiple: 8 })).toEqual([8, 16, 32]);
    expect(bucketLengths([0, 1, 8], 3, { multiple: 8 })).toEqual([8]);
  });

  it('pads least of all choices', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (lengths, count) => {
          const found = bucketLengths(lengths, count);
          expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
          expect(found.length).toBeLessThanOrEqual(count);
          const all = choices(
            [...new Set(lengths)].sort((a, b) => a - b),
            count,
          );
          const least = Math.min(...all.map((boundaries) => padded(lengths, boundaries)));
          expect(padded(lengths, found)).toBe(least);
        },
      ),
    );
  });

  it('never pads more with more buckets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 300 }),
        (lengths) => {
          const sizes = [1, 2, 3, 5, 8, 13].map((count) => padded(lengths, bucketLengths(lengths, count)));
          expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
        },
      ),
    );
  });

  it.each([
    [[], 2, undefined, 'buckets: there are no lengths to choose from'],
    [[1.5], 2, undefined, 'buckets: a length is 1.5; expected a whole number of at least 0'],
    [[-1], 2, undefined, 'buckets: a length is -1; expected a whole number of at least 0'],
    [[1], 0, undefined, 'buckets: count is 0; expected a whole number of at least 1'],
    [[1], 1, 0, 'buckets: multiple is 0; expected a whole number of at least 1'],
  ])('refuses lengths %j with count %d and multiple %s', (lengths, count, multiple, message) => {
    expect(() => bucketLengths(lengths, count, multiple === undefined ? {} : { multiple })).toThrow(message);
  });
});

describe('bucketFor', () => {
  it('is the smallest that holds the length', () => {
    expect([0, 1, 4, 5, 9].map((length) => bucketFor(length, [4, 9]))).toEqual([4, 4, 4, 9, 9]);
  });

  it('refuses what none holds', () => {
    expect(() => bucketFor(10, [4, 9])).toThrow(
      'a sequence of length 10 is longer than the largest bucket, 9',
    );
    expect(() => bucketFor(1, [])).toThrow('longer than the largest bucket, and there are no buckets');
  });
});

describe('padBatch', () => {
  const sequence = (length: number, start: number) =>
    ({
      dtype: 'int32',
      shape: [length, 2],
      data: Int32Array.from({ length: 2 * length }, (_, i) => start + i),
    }) as const;

  it('pads to the bucket of the longest and says where the sequences are', () => {
    const { values, mask } = padBatch([sequence(1, 10), sequence(3, 20), sequence(0, 0)], [2, 4, 8], {
      fill: -1,
    });
    expect(values).toEqual({
      dtype: 'int32',
      shape: [3, 4, 2],
      data: Int32Array.of(
        10,
        11,
        ...new Array<number>(6).fill(-1),
        20,
        21,
        22,
        23,
        24,
        25,
        -1,
        -1,
        ...new Array<number>(8).fill(-1),
      ),
    });
    expect(mask).toEqual({
      dtype: 'float32',
      shape: [3, 4],
      data: Float32Array.of(1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0),
    });
  });

  it('takes sequences of single numbers', () => {
    const { values } = padBatch([{ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }], [3]);
    expect(values).toEqual({ dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 0) });
  });

  it('refuses what does not go together', () => {
    expect(() => padBatch([], [3])).toThrow('padBatch: there are no sequences');
    expect(() =>
      padBatch([sequence(1, 0), { dtype: 'int32', shape: [1, 3], data: new Int32Array(3) }], [3]),
    ).toThrow('padBatch: sequence 1 is int32[1,3], the first is int32[1,2]; only the first axis may differ');
    expect(() => padBatch([{ dtype: 'int32', shape: [], data: new Int32Array(1) }], [3])).toThrow(
      'padBatch: sequence 0 is a scalar',
    );
    expect(() => padBatch([sequence(9, 0)], [2, 8])).toThrow('a sequence of length 9 is longer');
  });
});
