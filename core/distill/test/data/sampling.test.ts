// Draws by weight: as often as the weights say, to the nearest whole number; the same for the same seed.
import { randomStream } from '@potstill/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryDataset, type IndexedDataset, type Sampling } from 'potstill';
import { drawByWeight, groupSampling } from '../../src/data/index.js';
import { batches } from '../../src/data/batches.js';

const countsOf = (drawn: Uint32Array, size: number) => {
  const counts = new Array<number>(size).fill(0);
  for (const index of drawn) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
};
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('pairs', () => {
  const numbers = [0, 1, 0, 2, 1, 0, 0, 1];

  it('are neighbours of one number, and not the same example where there is another', () => {
    for (let seed = 0; seed < 20; seed++) {
      const drawn = drawByWeight({ weights: numbers.map(() => 1), pairs: numbers }, 8, randomStream(seed));
      expect(drawn).toHaveLength(8);
      for (let at = 0; at < 8; at += 2) {
        const [first, second] = [drawn[at] as number, drawn[at + 1] as number];
        expect(numbers[second]).toBe(numbers[first]);
        // The only example of its number stands twice.
        expect(second === first).toBe(numbers[first] === 2);
      }
    }
  });

  it('give every other of its number its turn, and an odd epoch its length', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const drawn = drawByWeight({ weights: numbers.map(() => 1), pairs: numbers }, 7, randomStream(seed));
      expect(drawn).toHaveLength(7);
      for (let at = 0; at < 6; at += 2) seen.add(`${drawn[at]}-${drawn[at + 1]}`);
    }
    // 4 * 3 pairs of number 0, 3 * 2 of number 1, and the one alone.
    expect(seen.size).toBe(12 + 6 + 1);
  });
});

describe('drawByWeight', () => {
  it('draws each example, and each stratum, its expected number of times rounded down or up', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ weight: fc.integer({ min: 0, max: 9 }), stratum: fc.integer({ min: 0, max: 3 }) }),
          {
            minLength: 1,
            maxLength: 80,
          },
        ),
        fc.integer(),
        (examples, seed) => {
          const weights = examples.map(({ weight }) => weight);
          const strata = examples.map(({ stratum }) => stratum);
          fc.pre(sum(weights) > 0);
          const count = examples.length;
          const counts = countsOf(drawByWeight({ weights, strata }, count, randomStream(seed)), count);
          expect(sum(counts)).toBe(count);
          const expected = weights.map((weight) => (count * weight) / sum(weights));
          counts.forEach((each, i) => expect(Math.abs(each - (expected[i] ?? 0))).toBeLessThan(1 + 1e-9));
          for (const stratum of new Set(strata)) {
            const of = (values: readonly number[]) => sum(values.filter((_, i) => strata[i] === stratum));
            expect(Math.abs(of(counts) - of(expected))).toBeLessThan(1 + 1e-9);
          }
        },
      ),
    );
  });

  it('is a permutation with equal weights', () => {
    const drawn = drawByWeight({ weights: Array<number>(50).fill(0.3) }, 50, randomStream(4));
    expect(countsOf(drawn, 50)).toEqual(Array<number>(50).fill(1));
    expect(Array.from(drawn)).not.toEqual([...drawn].sort((a, b) => a - b));
  });

  it('comes to the exact mean over epochs (chi-square)', () => {
    const weights = [1, 2, 3, 4, 0.5, 0.25, 7, 0];
    const epochs = 2000;
    const totals = new Array<number>(weights.length).fill(0);
    for (let epoch = 0; epoch < epochs; epoch++)
      countsOf(drawByWeight({ weights }, 8, randomStream(9).at(epoch)), 8).forEach(
        (count, i) => (totals[i] = (totals[i] ?? 0) + count),
      );
    const expected = weights.map((weight) => (epochs * 8 * weight) / sum(weights));
    const chi2 = sum(
      expected.map((value, i) =>
        value === 0 ? (totals[i] ?? 0) * 1e9 : ((totals[i] ?? 0) - value) ** 2 / value,
      ),
    );
    // 6 degrees of freedom; 22.46 is passed by chance once in a thousand. Systematic draws vary less than that.
    expect(chi2).toBeLessThan(22.46);
  });
});

describe('groupSampling', () => {
  const groups = [...Array<number>(90).fill(0), ...Array<number>(9).fill(1), 2];
  const shares = (temperature: number) => {
    const { weights } = groupSampling(groups, temperature);
    const total = sum(Array.from(weights));
    return [0, 1, 2].map((group) => sum(Array.from(weights).filter((_, i) => groups[i] === group)) / total);
  };

  it('gives a group of n a share of n^(1/T)', () => {
    const roots = [90, 9, 1].map(Math.sqrt);
    shares(2).forEach((share, i) => expect(share).toBeCloseTo((roots[i] ?? 0) / sum(roots), 12));
    shares(1).forEach((share, i) => expect(share).toBeCloseTo([0.9, 0.09, 0.01][i] ?? 0, 12));
    shares(Infinity).forEach((share) => expect(share).toBeCloseTo(1 / 3, 12));
  });

  it('has every group as often as any other in every epoch', () => {
    const drawn = countsOf(drawByWeight(groupSampling(groups, Infinity), 100, randomStream(2)), 100);
    for (const group of [0, 1, 2]) {
      const times = sum(drawn.filter((_, i) => groups[i] === group));
      expect(Math.abs(times - 100 / 3)).toBeLessThan(1);
    }
  });
});

describe('an epoch of batches', () => {
  const data = (sampling: Sampling): IndexedDataset => ({
    ...memoryDataset({
      description: { inputs: ['x'] },
      columns: { x: { dtype: 'float32', shape: [40], data: new Float32Array(40) } },
    }),
    sampling,
  });
  const indices = async (size: number, epoch: number, start = 0) => {
    const read: number[] = [];
    const weighted = data({ weights: Array.from({ length: 40 }, (_, i) => i) });
    const options = { size, epoch, start, order: 'shuffled', random: randomStream(6) } as const;
    for await (const batch of batches(weighted, options)) read.push(...batch.indices);
    return read;
  };

  it('has the same examples in the same order whatever the size of a batch, and goes on where it stopped', async () => {
    const whole = await indices(8, 3);
    expect(whole).toHaveLength(40);
    expect(await indices(5, 3)).toEqual(whole);
    expect(await indices(8, 3, 2)).toEqual(whole.slice(16));
    expect(await indices(8, 4)).not.toEqual(whole);
  });
});
