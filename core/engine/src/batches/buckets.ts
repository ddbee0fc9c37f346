// Which lengths to pad sequences to, so that few shapes are compiled and little is computed in vain.
import { EngineError } from '../errors.js';

export interface BucketOptions {
  /** Lengths are multiples of this: 8 suits processors. Default 1. */
  readonly multiple?: number;
}

/**
 * At most `count` lengths, ascending, to which sequences of these lengths are padded with the least padding in all.
 * The last holds the longest sequence; sequences of length 0 count as one element. By dynamic programming over the
 * lengths that occur. Throws ENGINE_OPTION without lengths and for an invalid length, count or multiple.
 */
export function bucketLengths(
  lengths: Iterable<number>,
  count: number,
  { multiple = 1 }: BucketOptions = {},
): number[] {
  checkWhole('count', count, 1);
  checkWhole('multiple', multiple, 1);
  const counts = new Map<number, number>();
  for (const length of lengths) {
    checkWhole('a length', length, 0);
    const rounded = Math.max(1, Math.ceil(length / multiple)) * multiple;
    counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
  }
  if (counts.size === 0)
    throw new EngineError('ENGINE_OPTION', 'buckets: there are no lengths to choose from');
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const ends = sorted.map(([length]) => length);
  // sums[i]: how many sequences have one of the first i lengths.
  const sums = [0];
  for (const [, sequences] of sorted) sums.push((sums.at(-1) as number) + sequences);
  return partition(ends, sums, Math.min(count, ends.length)).map((i) => ends[i] as number);
}

/** Indices of the lengths that end `count` groups of least padded size. */
function partition(ends: readonly number[], sums: readonly number[], count: number): number[] {
  const n = ends.length;
  /** Padded size of the lengths from `from` up to and with `to`. */
  const size = (from: number, to: number): number =>
    (ends[to] as number) * ((sums[to + 1] as number) - (sums[from] as number));
  let best = ends.map((_, to) => size(0, to));
  const starts: number[][] = [];
  for (let groups = 2; groups <= count; groups++) {
    const next = new Array<number>(n).fill(Infinity);
    const start = new Array<number>(n).fill(0);
    // The best start of the last group never moves down as its end moves up, so each half is searched on its side alone.
    const solve = (low: number, high: number, first: number, last: number): void => {
      if (low > high) return;
      const to = (low + high) >> 1;
      for (let from = Math.max(first, groups - 1); from <= Math.min(last, to); from++) {
        const total = (best[from - 1] as number) + size(from, to);
        if (total < (next[to] as number)) {
          next[to] = total;
          start[to] = from;
        }
      }
      const found = next[to] === Infinity ? first : (start[to] as number);
      solve(low, to - 1, first, found);
      solve(to + 1, high, found, last);
    };
    solve(groups - 1, n - 1, groups - 1, n - 1);
    starts.push(start);
    best = next;
  }
  const chosen: number[] = [];
  let to = n - 1;
  for (const start of starts.toReversed()) {
    chosen.push(to);
    to = (start[to] as number) - 1;
  }
  return [...chosen, to].reverse();
}

/** The smallest of `boundaries` (ascending) that holds `length`. Throws ENGINE_SHAPE when none does. */
export function bucketFor(length: number, boundaries: readonly number[]): number {
  const found = boundaries.find((boundary) => length <= boundary);
  if (found === undefined)
    throw new EngineError(
      'ENGINE_SHAPE',
      `a sequence of length ${length} is longer than the largest bucket, ${boundaries.at(-1) ?? 'and there are no buckets'}`,
      { hint: 'Truncate it, or choose the buckets from lengths that include it.' },
    );
  return found;
}

function checkWhole(what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new EngineError(
      'ENGINE_OPTION',
      `buckets: ${what} is ${value}; expected a whole number of at least ${least}`,
    );
}
