// Splits examples into parts without leaks: groups stay whole, or every class has its share in each part.
import type { RandomStream } from '@potstill/engine';

/** A share of the examples (below 1) or a number of them, by part. */
export type Shares = Readonly<Record<string, number>>;

/** The examples of a split, by part; `train` is what the others leave. Each ascending. */
export interface Split {
  readonly train: Uint32Array;
  readonly parts: Readonly<Record<string, Uint32Array>>;
}

/** How many of `size` examples a share is: at least one. */
function countOf(share: number, size: number): number {
  return Math.max(1, share < 1 ? Math.round(share * size) : share);
}

/** Thrown where the parts cannot be had; the words that follow `data.split`. */
export class SplitImpossible extends Error {}

/**
 * Draws the parts one after another. Every class has its share in each, to the nearest whole number, and keeps one example
 * in `train`. Examples without a class (negative) stay there.
 * @throws SplitImpossible where nothing is left for `train`.
 */
export function splitByClass(targets: ArrayLike<number>, shares: Shares, random: RandomStream): Split {
  const size = targets.length;
  const members = new Map<number, number[]>();
  for (const index of random.child('order').permutation(size)) {
    const target = targets[index] as number;
    if (target < 0) continue;
    const known = members.get(target);
    if (known) known.push(index);
    else members.set(target, [index]);
  }
  const labelled = [...members.values()].reduce((sum, { length }) => sum + length, 0);
  const sizes = new Map([...members].map(([target, { length }]) => [target, length]));
  const parts: Record<string, Uint32Array> = {};
  for (const [part, share] of Object.entries(shares)) {
    const wanted = countOf(share, labelled);
    const quotas = largestRemainders(
      [...sizes.values()].map((length) => (wanted * length) / labelled),
      wanted,
    );
    const taken = [...members.values()].flatMap((indices, i) =>
      indices.splice(0, Math.min(quotas[i] as number, indices.length - 1)),
    );
    if (taken.length === 0 || taken.length < wanted / 2)
      throw new SplitImpossible(
        `${part}: ${wanted} of ${labelled} examples cannot be taken so that every class keeps one for training`,
      );
    parts[part] = ascending(taken);
  }
  return { train: rest(size, Object.values(parts)), parts };
}

/** Whole numbers next to `shares` that sum to `total`: the largest fractions are rounded up (Hamilton's method). */
function largestRemainders(shares: readonly number[], total: number): number[] {
  const floors = shares.map(Math.floor);
  const missing = total - floors.reduce((sum, each) => sum + each, 0);
  const byRemainder = shares.map((share, i) => ({ i, remainder: share - Math.floor(share) }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, missing)) floors[i] = (floors[i] as number) + 1;
  return floors;
}

/**
 * Draws whole groups: a part takes groups in random order as long as each brings it nearer to its size.
 * @throws SplitImpossible where there are fewer groups than parts.
 */
export function splitByGroup(groups: ArrayLike<number>, shares: Shares, random: RandomStream): Split {
  const members = new Map<number, number[]>();
  for (let index = 0; index < groups.length; index++) {
    const group = groups[index] as number;
    const known = members.get(group);
    if (known) known.push(index);
    else members.set(group, [index]);
  }
  const wantedParts = Object.keys(shares).length + 1;
  if (members.size < wantedParts)
    throw new SplitImpossible(`${members.size} groups cannot be split into ${wantedParts} parts`);
  const keys = [...members.keys()].sort((a, b) => a - b);
  let free = Array.from(random.child('groups').permutation(keys.length), (at) => keys[at] as number);
  const parts: Record<string, Uint32Array> = {};
  Object.entries(shares).forEach(([part, share], done) => {
    const wanted = countOf(share, groups.length);
    const left = wantedParts - 1 - done;
    const taken = new Set<number>();
    let size = 0;
    for (const key of free) {
      const { length } = members.get(key) ?? [];
      // Groups must be left for the parts that follow, and for training.
      if (free.length - taken.size <= left) break;
      if (Math.abs(size + length - wanted) >= Math.abs(size - wanted)) continue;
      taken.add(key);
      size += length;
    }
    if (taken.size === 0) taken.add(smallest(free, members));
    free = free.filter((key) => !taken.has(key));
    parts[part] = ascending([...taken].flatMap((key) => members.get(key) ?? []));
  });
  return { train: rest(groups.length, Object.values(parts)), parts };
}

/** The first of the smallest groups. */
function smallest(free: readonly number[], members: ReadonlyMap<number, readonly number[]>): number {
  const size = (key: number) => members.get(key)?.length ?? 0;
  return free.reduce((least, key) => (size(key) < size(least) ? key : least));
}

function ascending(indices: readonly number[]): Uint32Array {
  return Uint32Array.from(indices).sort();
}

function rest(size: number, parts: readonly Uint32Array[]): Uint32Array {
  const taken = new Uint8Array(size);
  for (const part of parts) for (const index of part) taken[index] = 1;
  return Uint32Array.from({ length: size }, (_, index) => index).filter((index) => taken[index] === 0);
}
