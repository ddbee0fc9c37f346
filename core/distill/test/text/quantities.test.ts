// Times, shares and sizes as text.
import { describe, expect, it } from 'vitest';
import { bytes, duration, percent } from '../../src/text/quantities.js';

describe('duration', () => {
  it.each([
    [0, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [9.97, '10 s'],
    [12.4, '12 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [65, '1 min 05 s'],
    [3599.7, '1 h 00 min'],
    [7800, '2 h 10 min'],
    [Infinity, '?'],
    [NaN, '?'],
  ])('writes %d seconds as %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe('percent', () => {
  it('writes a share with two decimals, or as many as asked for', () => {
    expect([percent(0.9931), percent(1), percent(0.778, 0), percent(0.0625, 1)]).toEqual([
      '99.31 %',
      '100.00 %',
      '78 %',
      '6.3 %',
    ]);
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [480_123, '480 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [99_940_000, '99.9 MB'],
    [99_960_000, '100 MB'],
    [4_812_345, '4.8 MB'],
    [2.5e9, '2.5 GB'],
    [5e15, '5,000 TB'],
  ])('writes %d as %s', (count, words) => {
    expect(bytes(count)).toBe(words);
  });
});
