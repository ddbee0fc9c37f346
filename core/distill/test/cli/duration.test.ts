// Seconds in words.
import { describe, expect, it } from 'vitest';
import { duration } from '../../src/cli/duration.js';

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
  ])('says %d seconds as %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});
