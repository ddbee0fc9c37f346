// McNemar's exact test and Holm's correction, against statsmodels and scipy (test/golden/make_chance.py).
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareMeans, holm, mcnemar, signFlip } from '../../src/report/chance.js';

const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/chance.json', import.meta.url), 'utf8'),
) as {
  readonly mcnemar: readonly { readonly a: number; readonly b: number; readonly p: number }[];
  readonly holm: readonly { readonly p: readonly number[]; readonly adjusted: readonly number[] }[];
};

describe('mcnemar', () => {
  it.each(golden.mcnemar)('equals statsmodels and scipy for $a against $b', ({ a, b, p }) => {
    expect(Math.abs(mcnemar(a, b) - p)).toBeLessThanOrEqual(1e-8 * p);
  });

  it('gives the two-sided binomial probability', () => {
    // 2 (1 + 6) / 2^6; 2 (1 + 10 + 45) / 2^10.
    expect(mcnemar(1, 5)).toBeCloseTo(14 / 64, 10);
    expect(mcnemar(8, 2)).toBeCloseTo(112 / 1024, 10);
    expect(mcnemar(0, 20)).toBeCloseTo(2 / 2 ** 20, 15);
  });

  it('is 1 when the models never differ, or differ evenly', () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(500, 500)).toBe(1);
    expect(mcnemar(0, 1)).toBe(1);
  });

  it('does not care which model is first, and lies in [0, 1]', () => {
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(20_000), (a, b) => {
        const p = mcnemar(a, b);
        expect(p).toBe(mcnemar(b, a));
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('sums exactly for any counts up to 60', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), (a, b) => {
        let term = 1n;
        let sum = 0n;
        for (let k = 0; k <= Math.min(a, b); k++) {
          sum += term;
          term = (term * BigInt(a + b - k)) / BigInt(k + 1);
        }
        expect(mcnemar(a, b)).toBeCloseTo(Math.min(1, (2 * Number(sum)) / 2 ** (a + b)), 10);
      }),
    );
  });
});

describe('holm', () => {
  it.each(golden.holm)('equals statsmodels for $p', ({ p, adjusted }) => {
    const ours = holm(p);
    expect(ours).toHaveLength(p.length);
    ours.forEach((value, at) => expect(value).toBeCloseTo(adjusted[at] as number, 12));
  });

  it('has nothing to say of no tests', () => {
    expect(holm([])).toEqual([]);
  });
});

/** Share of all patterns of signs whose sum is as far from 0, counted one by one. For whole numbers. */
function enumerated(differences: readonly number[]): number {
  let sums = [0];
  for (const value of differences) sums = sums.flatMap((sum) => [sum + value, sum - value]);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  return sums.filter((sum) => Math.abs(sum) >= observed).length / sums.length;
}

/** (i² mod `modulus`) - `shift` for i from 0: differences that are easily written down elsewhere. */
const squares = (count: number, modulus: number, shift: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * i) % modulus) - shift);

describe('signFlip', () => {
  it('goes through all patterns of signs, worked out by hand', () => {
    // Only +1+2+3 and -1-2-3 reach 6: 2 of 8.
    expect(signFlip([1, 2, 3])).toBe(2 / 8);
    // 2 is as near to 0 as any of ±8, ±4, ±2.
    expect(signFlip([3, -3, 2])).toBe(1);
    // Of six ones, five of a sign or more: 2 (1 + 6) of 64.
    expect(signFlip([1, 1, 1, 1, 1, -1])).toBe(14 / 64);
    expect(signFlip([-4])).toBe(1);
  });

  // scipy 1.17.1: permutation_test((x,), lambda x, axis: np.sum(x, axis=axis), permutation_type='samples',
  // n_resamples=np.inf, alternative='two-sided').pvalue
  it.each([
    { p: 0.4375, of: [0.5, -0.2, 0.3, 0.9, -0.4] },
    { p: 0.12109375, of: [1.5, -2.25, 0.75, 3.5, -0.125, 2, 1.25, -0.5, 4, 0.375] },
    { p: 0.75, of: [0.1, 0.2, -0.3, 0.3] },
    {
      p: 0.038360595703125,
      of: [2.1, -0.4, 1.7, 0.3, -1.1, 2.6, 0.9, 1.4, -0.2, 0.8, 1.9, -0.7, 1.2, 0.6, 2.2, -1.6],
    },
  ])('equals scipy: $p', ({ p, of }) => {
    expect(signFlip(of)).toBe(p);
  });

  it('equals the enumeration of any whole numbers, whatever their order, zeros apart', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 10 }), (differences) => {
        const p = signFlip(differences);
        expect(p).toBe(enumerated(differences));
        expect(signFlip([...differences].reverse())).toBe(p);
        expect(signFlip(differences.map((value) => -value))).toBe(p);
        expect(signFlip([0, ...differences, 0])).toBe(p);
        // In tenths, sums that are equal differ in their last bits.
        expect(signFlip(differences.map((value) => value / 10))).toBe(p);
      }),
    );
  });

  it('equals McNemar’s test where each difference is one', () => {
    const ones = (wins: number, losses: number) => [
      ...new Array<number>(wins).fill(1),
      ...new Array<number>(losses).fill(-1),
    ];
    expect(signFlip(ones(12, 4))).toBeCloseTo(mcnemar(12, 4), 10);
    expect(Math.abs(signFlip(ones(60, 40)) - mcnemar(60, 40))).toBeLessThan(0.01);
  });

  // scipy 1.17.1: the same call with n_resamples=400000 and random_state=1. 10,000 draws stray by 0.005 (one standard
  // deviation) at most.
  it.each([
    { count: 20, modulus: 7, shift: 2.5, p: 0.2083 },
    { count: 60, modulus: 11, shift: 4.2, p: 0.5679 },
    { count: 300, modulus: 13, shift: 5.8, p: 0.4646 },
    { count: 500, modulus: 13, shift: 5.8, p: 0.3275 },
  ])('is near scipy for $count differences, the same each time', ({ count, modulus, shift, p }) => {
    const differences = squares(count, modulus, shift);
    const drawn = signFlip(differences);
    expect(Math.abs(drawn - p)).toBeLessThan(0.02);
    expect(signFlip(differences)).toBe(drawn);
  });

  // scipy 1.17.1: 2 * norm.sf(abs(x.sum()) / np.sqrt((x * x).sum()))
  it.each([
    { count: 600, modulus: 13, shift: 5.8, p: 0.29524073815036544 },
    { count: 5000, modulus: 101, shift: 49, p: 0.020852335162732646 },
    { count: 2000, modulus: 13, shift: 5.5, p: 1.3652165000752177e-7 },
  ])('takes the normal distribution for $count differences', ({ count, modulus, shift, p }) => {
    expect(Math.abs(signFlip(squares(count, modulus, shift)) - p)).toBeLessThan(2e-7);
  });

  it('never says that what it drew is impossible', () => {
    expect(signFlip(new Array<number>(100).fill(1))).toBe(1 / 10_001);
  });

  it('is 1 where nothing differs, or differences cancel to the last bit', () => {
    expect(signFlip([])).toBe(1);
    expect(signFlip([0, 0])).toBe(1);
    // In floating point this sum is not 0, but other orders of the signs give 0.
    expect(0.3 - 0.1 - 0.2 + 0.1 - 0.1).not.toBe(0);
    expect(signFlip([0.3, -0.1, -0.2, 0.1, -0.1])).toBe(1);
  });

  it('counts infinite differences alone, where there are any', () => {
    expect(signFlip([Infinity, -5, -5])).toBe(1);
    expect(signFlip([Infinity, -Infinity, 3])).toBe(1);
    expect(signFlip([Infinity, Infinity, Infinity, Infinity, Infinity, -Infinity, -9])).toBe(14 / 64);
    expect(signFlip(new Array<number>(600).fill(-Infinity))).toBeLessThan(1e-6);
  });
});

describe('compareMeans', () => {
  const model = (name: string, values: readonly number[]) => ({
    name,
    values: Float64Array.from(values),
    better: 'higher' as const,
  });

  it('takes the differences example by example, and says what it counted', () => {
    expect(compareMeans(model('A', [1, 2, 3, 5]), model('B', [2, 4, 6, 5]))).toEqual({
      p: 2 / 8,
      test: 'sign-flip test',
      words:
        'Of 4 examples, 0 have a higher number with A and 3 with B (sign-flip test of the mean difference).',
    });
  });

  it('leaves out examples that do not count for one of the models', () => {
    const { p, words } = compareMeans(model('A', [NaN, 2, 9, 3, 1]), model('B', [5, NaN, 8, 1, -2]));
    expect(p).toBe(2 / 8);
    expect(words).toMatch(/^Of 3 examples, 3 have a higher number with A and 0 with B /);
    expect(compareMeans(model('A', [NaN]), model('B', [1])).p).toBe(1);
  });
});
