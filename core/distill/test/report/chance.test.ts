// McNemar's exact test and Holm's correction, against statsmodels and scipy (test/golden/make_chance.py).
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discordance, holm, mcnemar } from '../../src/report/chance.js';

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

describe('discordance', () => {
  const answers = (predicted: number[], indices = predicted.map((_, at) => at)) => ({
    indices: Int32Array.from(indices),
    predicted: Int32Array.from(predicted),
    confidence: new Float32Array(predicted.length),
    truth: Int32Array.of(0, 1, 2, -1, 2),
  });

  it('counts each kind of pair and leaves out examples without a target', () => {
    expect(discordance(answers([0, 0, 2, 5, 1]), answers([0, 1, 0, 3, 1]))).toEqual({
      count: 4,
      onlyFirst: 1,
      onlySecond: 1,
      bothWrong: 1,
      p: 1,
    });
  });

  it('does not compare answers to different examples', () => {
    expect(discordance(answers([0, 0, 2, 5, 1]), answers([0, 1, 0, 3, 1], [0, 1, 2, 4, 3]))).toBeUndefined();
  });
});
