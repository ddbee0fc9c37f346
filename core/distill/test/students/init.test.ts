// Initial weights: their distributions, and that they depend on seed and name alone.
import { randomStream } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import {
  fans,
  identity,
  initializers,
  orthogonal,
  truncatedNormal,
  uniform,
  varianceScaling,
} from '../../src/students/init.js';

const stream = randomStream(3);

function moments(values: Float32Array): { mean: number; deviation: number; largest: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return {
    mean,
    deviation: Math.sqrt(variance),
    largest: values.reduce((a, x) => Math.max(a, Math.abs(x)), 0),
  };
}

describe('fans', () => {
  it.each([
    [[5, 7], 5, 7],
    [[3, 3, 4, 8], 36, 72],
    [[6], 6, 6],
    [[], 1, 1],
  ])('of %j', (shape, incoming, outgoing) => expect(fans(shape)).toEqual({ in: incoming, out: outgoing }));
});

describe('initializers', () => {
  const shape = [100, 300];
  it.each([
    ['he-normal', Math.sqrt(2 / 100)],
    ['he-uniform', Math.sqrt(2 / 100)],
    ['glorot-normal', Math.sqrt(1 / 200)],
    ['glorot-uniform', Math.sqrt(1 / 200)],
    ['lecun-normal', Math.sqrt(1 / 100)],
    ['lecun-uniform', Math.sqrt(1 / 100)],
  ] as const)('%s has the deviation of its paper', (name, expected) => {
    const { mean, deviation, largest } = moments(initializers[name](shape, stream));
    expect(Math.abs(mean)).toBeLessThan(expected / 30);
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.02);
    if (name.endsWith('uniform')) expect(largest).toBeLessThanOrEqual(expected * Math.sqrt(3) + 1e-6);
    else expect(largest).toBeGreaterThan(expected * 3);
  });

  it('takes sizes 0 and 1', () => {
    for (const init of Object.values(initializers)) {
      expect(init([0, 3], stream).length).toBe(0);
      expect(Number.isFinite(init([1, 1], stream)[0])).toBe(true);
    }
  });
});

describe('truncatedNormal', () => {
  it('has nothing beyond two deviations', () => {
    const { deviation, largest, mean } = moments(truncatedNormal(1, 0.5)([200, 100], stream));
    expect(largest).toBeLessThanOrEqual(2);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation).toBeCloseTo(0.5 * 0.8796, 2);
  });
});

describe('varianceScaling', () => {
  it('scales by the outgoing fan', () => {
    const draw = varianceScaling({ scale: 1, mode: 'out', distribution: 'uniform' });
    expect(moments(draw([10, 1000], stream)).deviation).toBeCloseTo(Math.sqrt(1 / 1000), 3);
  });
});

describe('uniform, identity, orthogonal', () => {
  it('uniform keeps its bounds', () => {
    const values = uniform(-1, 3)([1000], stream);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(3);
  });

  it('identity of a rectangle', () =>
    expect(Array.from(identity(2)([2, 3], stream))).toEqual([2, 0, 0, 0, 2, 0]));

  it.each([
    [5, 3],
    [3, 5],
    [4, 4],
    [1, 1],
  ])('orthogonal %i x %i has an identity for its smaller Gram matrix', (rows, columns) => {
    const w = orthogonal(1)([rows, columns], stream);
    const at = (r: number, c: number) => w[r * columns + c] as number;
    const small = Math.min(rows, columns);
    for (let i = 0; i < small; i++)
      for (let j = 0; j < small; j++) {
        let dot = 0;
        for (let k = 0; k < Math.max(rows, columns); k++)
          dot += rows < columns ? at(i, k) * at(j, k) : at(k, i) * at(k, j);
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 5);
      }
  });
});
