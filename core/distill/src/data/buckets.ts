// Buckets: a few lengths that batches are padded to, so that the engine compiles few graphs and computes little padding.
import { bucketLengths } from '@potstill/engine';
import type { Bucket } from '../contracts/index.js';
import type { FreeAxis } from './axes.js';

/** How buckets are chosen; all of it has defaults. */
export interface BucketChoice {
  /** How many. Default: as few as keep padding below a tenth of what is computed, at most 12. */
  readonly count?: number | undefined;
  /** Lengths are multiples of it. Default 8 where examples are 64 long or more on average, else 1. */
  readonly multiple?: number | undefined;
  /** The lengths of one axis, ascending, in place of a choice. Longer examples get a bucket of their own. */
  readonly edges?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** Padding that is not worth another graph, as a share of the examples' own size. */
const worth = 0.1;
const most = 12;

/**
 * Buckets for examples of these lengths (axis name -> one number an example). One axis decides, the one of `edges` or that
 * with the most elements (`weights`: elements to one step of an axis, default 1); its lengths pad least in all, by dynamic
 * programming (`bucketLengths`). The other axes get what the examples up to that length need, so that there are as many
 * shapes as buckets.
 */
export function chooseBuckets(
  lengths: Readonly<Record<string, ArrayLike<number>>>,
  choice: BucketChoice = {},
  weights: Readonly<Record<string, number>> = {},
): Bucket[] {
  const names = Object.keys(lengths).filter((name) => (lengths[name]?.length ?? 0) > 0);
  const total = (name: string) => sum(lengths[name]) * (weights[name] ?? 1);
  const given = Object.keys(choice.edges ?? {}).find((name) => names.includes(name));
  const [widest] = [...names].sort((a, b) => total(b) - total(a));
  const main = given ?? widest;
  if (main === undefined) return [];
  const own = Array.from(lengths[main] as ArrayLike<number>);
  const edges =
    given === undefined ? chosenEdges(own, choice) : withLongest(choice.edges?.[given] ?? [], own);
  const buckets: Record<string, number>[] = edges.map((edge) => ({ [main]: edge }));
  for (const name of names) {
    if (name === main) continue;
    const other = lengths[name] as ArrayLike<number>;
    const multiple = multipleOf(Array.from(other), choice);
    const longest = edges.map(() => 1);
    own.forEach((length, i) => {
      const at = edges.findIndex((edge) => length <= edge);
      longest[at] = Math.max(longest[at] as number, other[i] as number);
    });
    let least = 0;
    longest.forEach((length, at) => {
      least = Math.max(least, roundUp(length, multiple));
      (buckets[at] as Record<string, number>)[name] = least;
    });
  }
  return buckets;
}

function chosenEdges(lengths: readonly number[], choice: BucketChoice): number[] {
  const multiple = multipleOf(lengths, choice);
  if (choice.count !== undefined) return bucketLengths(lengths, choice.count, { multiple });
  let edges: number[] = [];
  for (let count = 1; count <= most; count++) {
    edges = bucketLengths(lengths, count, { multiple });
    const padded = lengths.reduce((total, length) => total + firstHolding(edges, length), 0);
    if (padded <= (1 + worth) * sum(lengths) || edges.length < count) break;
  }
  return edges;
}

function withLongest(edges: readonly number[], lengths: readonly number[]): number[] {
  const sorted = [...new Set(edges)].sort((a, b) => a - b);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  return longest > (sorted.at(-1) ?? 0) ? [...sorted, longest] : sorted;
}

function multipleOf(lengths: readonly number[], { multiple }: BucketChoice): number {
  return multiple ?? (sum(lengths) >= 64 * lengths.length ? 8 : 1);
}

function firstHolding(edges: readonly number[], length: number): number {
  return edges.find((edge) => length <= edge) ?? length;
}

function roundUp(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}

function sum(values: ArrayLike<number> | undefined): number {
  return Array.from(values ?? []).reduce((a, b) => a + b, 0);
}

/** Index of the first bucket that holds an example; the last where none does. */
export function bucketIndex(lengths: Bucket, buckets: readonly Bucket[]): number {
  const found = buckets.findIndex((bucket) => holds(bucket, lengths));
  return found < 0 ? buckets.length - 1 : found;
}

function holds(bucket: Bucket, lengths: Bucket): boolean {
  return Object.entries(lengths).every(([name, length]) => length <= (bucket[name] ?? Infinity));
}

/**
 * What a batch is padded to whose longest examples are so long: the first bucket that holds them. Where none does, the
 * lengths themselves, rounded up to a multiple of 8. Without buckets the lengths themselves.
 */
export function paddedLengths(longest: Bucket, buckets: readonly Bucket[] | undefined): Bucket {
  if (buckets === undefined || buckets.length === 0) return longest;
  const found = buckets.find((bucket) => holds(bucket, longest));
  if (found) return { ...longest, ...found };
  const last = buckets.at(-1) ?? {};
  return Object.fromEntries(
    Object.entries(longest).map(([name, length]) => {
      const edge = last[name] ?? 0;
      return [name, length <= edge ? edge : roundUp(length, 8)];
    }),
  );
}

/** Padding as a share of all that is computed, when examples of these lengths are put into the buckets. */
export function paddingShare(
  lengths: Readonly<Record<string, ArrayLike<number>>>,
  buckets: readonly Bucket[],
  axes: readonly FreeAxis[],
): number {
  let padded = 0;
  let real = 0;
  const names = [...new Set(axes.map(({ name }) => name))].filter((name) => lengths[name]);
  const count = lengths[names[0] ?? '']?.length ?? 0;
  for (let i = 0; i < count; i++) {
    const own = Object.fromEntries(names.map((name) => [name, lengths[name]?.[i] ?? 0]));
    const to = paddedLengths(own, buckets);
    for (const name of names) {
      real += own[name] ?? 0;
      padded += to[name] ?? 0;
    }
  }
  return padded === 0 ? 0 : 1 - real / padded;
}
