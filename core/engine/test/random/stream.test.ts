// Random streams: known answers, independence of order, distributions.
import { randomStream } from '@potstill/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { threefry } from '../../src/random/stream.js';

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, '0'));

describe('threefry', () => {
  it.each([
    // Known answers published with Random123 (kat_vectors, threefry2x32 20).
    [0, 0, 0, ['6b200159', '99ba4efe']],
  ])('gives the published words for key %i,%i', (key0, key1, high, words) => {
    const out = new Uint32Array(2);
    threefry(key0, key1, out, high);
    expect(hex(out)).toEqual(words);
  });

  it('gives the same words whatever the length asked for', () => {
    const long = randomStream(5).bits(101);
    for (const count of [0, 1, 2, 3, 100]) expect(randomStream(5).bits(count)).toEqual(long.slice(0, count));
  });
});

describe('randomStream', () => {
  it('depends on seed, names and counters, not on what was drawn before', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.nat(), (seed, name, counter) => {
        const used = randomStream(seed);
        used.uniform(7);
        used.child('other').normal(3);
        expect(used.child(name).at(counter).bits(4)).toEqual(
          randomStream(seed).child(name).at(counter).bits(4),
        );
      }),
    );
  });

  it('gives other numbers for another seed, name, counter or order of derivation', () => {
    const draw = (stream: ReturnType<typeof randomStream>) => hex(stream.bits(2)).join('');
    const streams = [
      randomStream(1),
      randomStream(2),
      randomStream(2 ** 32 + 1),
      randomStream(-1),
      randomStream(1).child('a'),
      randomStream(1).child('b'),
      randomStream(1).at(0),
      randomStream(1).at(1),
      randomStream(1).child('a').at(1),
      randomStream(1).at(1).child('a'),
      randomStream(1).at(1).at(2),
      randomStream(1).at(2).at(1),
    ];
    expect(new Set(streams.map(draw)).size).toBe(streams.length);
  });

  it('permutes: every index once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(200), (seed, count) => {
        const sorted = Array.from(randomStream(seed).permutation(count)).sort((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('is uniform on [0, 1), standard normal and Bernoulli, by mean and variance', () => {
    const moments = (values: Float32Array) => {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length] as const;
    };
    const count = 200_000;
    const [uniformMean, uniformVariance] = moments(randomStream(3).uniform(count));
    expect(uniformMean).toBeCloseTo(0.5, 2);
    expect(uniformVariance).toBeCloseTo(1 / 12, 2);
    const [normalMean, normalVariance] = moments(randomStream(3).normal(count));
    expect(normalMean).toBeCloseTo(0, 2);
    expect(normalVariance).toBeCloseTo(1, 1);
    for (const rate of [0, 0.2, 0.5, 1]) {
      expect(moments(randomStream(4).keepMask(count, rate))[0]).toBeCloseTo(1 - rate, 2);
    }
  });

  it('draws integers below a bound', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), fc.nat(50), (seed, below, position) => {
        const drawn = randomStream(seed).integer(below, position);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < below).toBe(true);
      }),
    );
  });
});
