// Which classes are confused: the covariance of predictions, and k-means on its columns.
import { randomStream } from '@potstill/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterClasses } from '../../../src/teach/specialists/cluster.js';
import { PredictionCovariance } from '../../../src/teach/specialists/covariance.js';

/** Predictions in which classes of one group share the probability, nearly evenly. */
function confused(groups: readonly (readonly number[])[], classes: number): Float64Array[] {
  const covariance = new PredictionCovariance(classes);
  groups.forEach((group) => {
    group.forEach((truth) => {
      const p = new Float64Array(classes).fill(0.1 / classes);
      for (const each of group)
        p[each] = (p[each] ?? 0) + (each === truth ? 0.5 : 0.4 / Math.max(1, group.length - 1));
      covariance.add(p);
    });
  });
  return covariance.columns();
}

describe('the covariance of predictions', () => {
  it('is that of the probabilities, whatever their number', () => {
    const rows = [
      [0.7, 0.2, 0.1],
      [0.1, 0.6, 0.3],
      [0.25, 0.25, 0.5],
      [0.9, 0.05, 0.05],
    ];
    const covariance = new PredictionCovariance(3);
    for (const row of rows) covariance.add(row);
    const mean = [0, 1, 2].map((at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0) / rows.length);
    covariance.columns().forEach((column, i) => {
      column.forEach((value, j) => {
        const wanted =
          rows.reduce(
            (sum, row) => sum + ((row[i] ?? 0) - (mean[i] ?? 0)) * ((row[j] ?? 0) - (mean[j] ?? 0)),
            0,
          ) / rows.length;
        expect(value).toBeCloseTo(wanted, 12);
      });
    });
  });
});

describe('clusters of classes', () => {
  const groups = [
    [0, 1, 8],
    [2, 5, 6, 7],
    [3, 4],
    [9, 10],
  ];

  it.each([1, 2, 3, 4, 5])('are the classes that are confused (seed %i)', (seed) => {
    const limits = { count: 4, smallest: 2, largest: 5 };
    expect(clusterClasses(confused(groups, 11), limits, randomStream(seed))).toEqual(groups);
  });

  it('are the same for the same seed, and follow their classes when these are numbered otherwise', () => {
    const order = [7, 3, 9, 0, 10, 2, 5, 1, 4, 8, 6];
    const renamed = groups.map((group) => group.map((at) => order.indexOf(at)).sort((a, b) => a - b));
    const limits = { count: 4, smallest: 2, largest: 5 };
    const found = clusterClasses(confused(renamed, 11), limits, randomStream(3));
    expect(found).toEqual(clusterClasses(confused(renamed, 11), limits, randomStream(3)));
    expect(found).toEqual([...renamed].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)));
  });

  it('hold each class once at most, within the limits, whatever the columns are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 14 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 1000 }),
        (classes, count, smallest, room, seed) => {
          const largest = Math.ceil(classes / count) + room;
          const values = randomStream(seed)
            .child('columns')
            .normal(classes * classes);
          const columns = Array.from({ length: classes }, (_, i) =>
            Float64Array.from(values.subarray(i * classes, (i + 1) * classes)),
          );
          const clusters = clusterClasses(columns, { count, smallest, largest }, randomStream(seed));
          const all = clusters.flat();
          expect(new Set(all).size).toBe(all.length);
          expect(clusters.length).toBeLessThanOrEqual(count);
          for (const cluster of clusters) {
            expect(cluster.length).toBeGreaterThanOrEqual(smallest);
            expect(cluster.length).toBeLessThanOrEqual(largest);
            expect(cluster).toEqual([...cluster].sort((a, b) => a - b));
          }
          if (smallest === 1) expect(all.length).toBe(classes);
        },
      ),
    );
  });

  it('stand equal columns: classes that are never predicted', () => {
    const columns = Array.from({ length: 5 }, () => new Float64Array(5));
    const clusters = clusterClasses(columns, { count: 2, smallest: 1, largest: 3 }, randomStream(1));
    expect(clusters.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });
});
