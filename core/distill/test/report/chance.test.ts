// McNemar's exact test.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcnemar } from '../../src/report/chance.js';

describe('mcnemar', () => {
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
