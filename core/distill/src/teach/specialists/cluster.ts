// Classes clustered by k-means on the columns of a covariance matrix (Hinton, Vinyals & Dean 2015, section 5.3).
import type { RandomStream } from '@potstill/engine';

export interface ClusterOptions {
  /** Clusters that are looked for. */
  readonly count: number;
  /** A cluster with fewer classes is given up: its classes have no specialist. */
  readonly smallest: number;
  /** No cluster has more classes. `count * largest` must be at least the number of classes. */
  readonly largest: number;
}

/** Beginnings that are tried; the partition with the smallest sum of squares is taken. */
const beginnings = 20;
const mostRounds = 100;

interface Partition {
  /** The cluster of each class. */
  readonly of: Int32Array;
  /** Sum of squared distances to the means of the clusters. */
  readonly within: number;
}

/**
 * Clusters of classes, each ascending, ordered by their first class. Depends on `random` alone. Each beginning takes means as
 * k-means++ draws them (Arthur & Vassilvitskii 2007) and goes over the classes one at a time in random order, each moving
 * the mean that it joins (online k-means, MacQueen 1967), until a whole round changes nothing.
 */
export function clusterClasses(
  columns: readonly Float64Array[],
  { count, smallest, largest }: ClusterOptions,
  random: RandomStream,
): number[][] {
  const classes = columns.length;
  if (count * largest < classes)
    throw new Error(`internal: ${count} clusters of ${largest} do not hold ${classes} classes`);
  let best: Partition | undefined;
  for (let k = 0; k < beginnings; k++) {
    const found = partition(columns, Math.min(count, classes), largest, random.at(k));
    if (!best || found.within < best.within - 1e-12 * best.within) best = found;
  }
  const clusters = Array.from({ length: count }, (): number[] => []);
  best?.of.forEach((cluster, at) => clusters[cluster]?.push(at));
  return clusters
    .filter((cluster) => cluster.length >= Math.max(1, smallest))
    .sort((a, b) => (a[0] as number) - (b[0] as number));
}

function partition(
  columns: readonly Float64Array[],
  count: number,
  largest: number,
  random: RandomStream,
): Partition {
  const means = firstMeans(columns, count, random.child('means'));
  const sizes = new Int32Array(count);
  const of = new Int32Array(columns.length).fill(-1);
  for (let round = 0; round < mostRounds; round++) {
    let moved = false;
    for (const at of random.child('order').at(round).permutation(columns.length)) {
      const column = columns[at] as Float64Array;
      const before = of[at] as number;
      const to = nearest(column, means, (k) => k === before || (sizes[k] as number) < largest);
      if (to === before) continue;
      moved = true;
      if (before >= 0) shift(means, sizes, before, column, -1);
      shift(means, sizes, to, column, 1);
      of[at] = to;
    }
    if (!moved) break;
  }
  const within = columns.reduce(
    (sum, column, at) => sum + distance(column, means[of[at] as number] as Float64Array),
    0,
  );
  return { of, within };
}

/** The first at random, each further one with a probability that grows with the squared distance to those there are. */
function firstMeans(columns: readonly Float64Array[], count: number, random: RandomStream): Float64Array[] {
  const means = [Float64Array.from(columns[random.integer(columns.length)] as Float64Array)];
  while (means.length < count) {
    const distances = columns.map((column) => Math.min(...means.map((mean) => distance(column, mean))));
    const all = distances.reduce((sum, value) => sum + value, 0);
    let left = (random.at(means.length).uniform(1)[0] as number) * all;
    const chosen = distances.findIndex((value) => (left -= value) < 0 && value > 0);
    means.push(Float64Array.from(columns[Math.max(0, chosen)] as Float64Array));
  }
  return means;
}

/** The mean of a cluster after a class has joined it (`sign` 1) or left it (-1). Empty clusters keep their last mean. */
function shift(
  means: readonly Float64Array[],
  sizes: Int32Array,
  cluster: number,
  column: Float64Array,
  sign: 1 | -1,
): void {
  const mean = means[cluster] as Float64Array;
  const size = (sizes[cluster] as number) + sign;
  sizes[cluster] = size;
  if (size === 0) return;
  mean.forEach((value, i) => (mean[i] = value + (sign * ((column[i] as number) - value)) / size));
}

function nearest(
  column: Float64Array,
  means: readonly Float64Array[],
  open: (cluster: number) => boolean,
): number {
  let found = -1;
  let least = Infinity;
  means.forEach((mean, k) => {
    const away = distance(column, mean);
    if (away < least && open(k)) [found, least] = [k, away];
  });
  return found;
}

/** Squared. */
function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
