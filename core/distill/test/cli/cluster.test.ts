// `potstill cluster`: the classes that a model confuses, in words and as JSON.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePlace, potstill } from './place.js';

let folder: string;
beforeEach(async () => {
  folder = await makePlace();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const cluster = (...words: string[]) =>
  potstill(['cluster', join(folder, 'quick.yaml'), '--teacher', '--runs', join(folder, 'runs'), ...words]);

describe('potstill cluster', () => {
  it('shows clusters, and the lines of a recipe for a specialist that is trained on them', async () => {
    const { code, out } = await cluster('--count', '2', '--smallest', '1');
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^teacher tiny\/teacher on \d+ validation examples$/);
    const clusters = out.filter((line) => line.startsWith('cluster '));
    expect(
      clusters
        .flatMap((line) => line.replace(/^cluster \d: /, '').split(', '))
        .sort((a, b) => a.localeCompare(b)),
    ).toEqual(['a', 'b', 'c']);
    const first = clusters[0]?.replace('cluster 1: ', '').split(', ') ?? [];
    expect(out).toContain(
      `    classes: { ${first.map((name) => `${name}: ${name}`).join(', ')}, "*": rest }`,
    );
    expect(out).toContain('    sampler: { classes: { rest: 0.5 } }');
  });

  it('writes them with the covariance; the same each time; classes of small clusters are in none', async () => {
    const file = join(folder, 'clusters.json');
    const first = await cluster('--count', '2', '--data', 'train', '--out', file, '--json');
    const second = await cluster('--count', '2', '--data', 'train', '--json');
    expect(second.out).toEqual(first.out);
    const found = JSON.parse(await readFile(file, 'utf8')) as {
      readonly role: string;
      readonly clusters: string[][];
      readonly without: string[];
      readonly covariance: number[][];
      readonly labels: string[];
    };
    expect(JSON.parse(first.out[0] ?? '')).toEqual({ event: 'clustered', ...found });
    expect(found.role).toBe('train');
    expect(found.clusters).toHaveLength(1);
    expect([...found.clusters.flat(), ...found.without].sort()).toEqual(['a', 'b', 'c']);
    // Symmetric, and each row sums to nothing: probabilities sum to one.
    found.covariance.forEach((column, i) => {
      column.forEach((value, j) => expect(value).toBeCloseTo(found.covariance[j]?.[i] ?? NaN, 12));
      expect(column.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
    });
  });

  it.each([
    [['--count', '1', '--largest', '2'], '1 clusters of at most 2 do not hold 3 classes'],
    [['--count', '3', '--smallest', '3', '--largest', '2'], 'a cluster has at least 3 and at most 2 classes'],
  ])('refuses sizes that cannot be had: %j', async (words, message) => {
    const { code, err } = await cluster(...words);
    expect(code).toBe(2);
    expect(err[0]).toBe(`error[RECIPE_BAD_VALUE]: ${message}`);
  });

  it('needs a number of clusters, a whole one', async () => {
    expect((await cluster()).code).toBe(2);
    const { code, err } = await cluster('--count', '1.5');
    expect(code).toBe(2);
    expect(err.join('\n')).toContain('Write a whole number of at least 1.');
  });
});
