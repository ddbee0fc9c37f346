// How often examples are drawn in an epoch: weights, and draws that keep to them as closely as whole numbers allow.
import type { RandomStream } from '@potstill/engine';
import type { IndexedDataset, Sampling } from '../contracts/index.js';

/**
 * `count` indices in random order, index i about `count * weights[i] / sum` times: systematic sampling (Madow 1949). Each
 * index is drawn that number of times rounded down or up, and so is each stratum; over many epochs the mean is exact.
 * With equal weights and `count` their number it is a permutation. Depends on `random` alone. With `pairs`, half as many are so drawn.
 */
export function drawByWeight(
  { weights, strata, pairs }: Sampling,
  count: number,
  random: RandomStream,
): Uint32Array {
  if (pairs) {
    const first = drawByWeight({ weights, ...(strata ? { strata } : {}) }, Math.ceil(count / 2), random);
    return paired(first, pairs, random.child('pairs')).subarray(0, count);
  }
  const order = byStratum(random.child('order').permutation(weights.length), strata);
  let total = 0;
  for (const index of order) total += weights[index] as number;
  const offset = random.child('offset').uniform(1)[0] as number;
  const drawn = new Uint32Array(count);
  let taken = 0;
  let sum = 0;
  for (const index of order) {
    sum += weights[index] as number;
    // The points offset, offset + 1, … below this example's end; the last sum is rounded to what it must be.
    const end = Math.min(count, (sum / total) * count);
    while (taken < count && taken + offset < end) drawn[taken++] = index;
  }
  // Rounding may leave out the last point.
  const last = order.findLast((index) => (weights[index] as number) > 0);
  while (taken < count) drawn[taken++] = last ?? 0;
  return random
    .child('shuffle')
    .permutation(count)
    .map((at) => drawn[at] as number);
}

/** Each index followed by another of its number. */
function paired(first: Uint32Array, numbers: ArrayLike<number>, random: RandomStream): Uint32Array {
  const members = new Map<number, number[]>();
  const places = new Uint32Array(numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    const known = members.get(number) ?? [];
    places[index] = known.length;
    known.push(index);
    members.set(number, known);
  }
  const both = new Uint32Array(2 * first.length);
  first.forEach((index, at) => {
    const alike = members.get(numbers[index] as number) ?? [index];
    const own = places[index] as number;
    // One of the others: those from its own place on are one further.
    const drawn = alike.length > 1 ? random.integer(alike.length - 1, at) : 0;
    both[2 * at] = index;
    both[2 * at + 1] = alike[alike.length > 1 && drawn >= own ? drawn + 1 : drawn] as number;
  });
  return both;
}

/** The same indices, those of each stratum together, otherwise in their order. */
function byStratum(order: Uint32Array, strata: ArrayLike<number> | undefined): Uint32Array {
  if (!strata) return order;
  const groups = new Map<number, number[]>();
  for (const index of order) {
    const stratum = strata[index] as number;
    const members = groups.get(stratum);
    if (members) members.push(index);
    else groups.set(stratum, [index]);
  }
  return Uint32Array.from([...groups.keys()].sort((a, b) => a - b).flatMap((key) => groups.get(key) ?? []));
}

/**
 * Draws by group: a group of n examples has a share of n^(1/T), divided among its examples. T = 1: every example as often
 * as any other; T = Infinity: every group as often as any other (Devlin et al. 2018 and Conneau et al. 2020 for languages).
 */
export function groupSampling(groups: ArrayLike<number>, temperature: number): Sampling {
  const counts = new Map<number, number>();
  for (const group of Array.from(groups)) counts.set(group, (counts.get(group) ?? 0) + 1);
  const weight = (group: number) => (counts.get(group) ?? 1) ** (1 / temperature - 1);
  return { weights: Float64Array.from(Array.from(groups), weight), strata: groups };
}

/**
 * Draws by class: the share of an epoch that `shares` gives it, at most 1 in all; what is left goes to the other classes, to
 * each in proportion to its examples. Undefined where something is left and there is no other class.
 */
export function shareSampling(
  targets: ArrayLike<number>,
  shares: ReadonlyMap<number, number>,
): Sampling | undefined {
  const counts = new Map<number, number>();
  for (const target of Array.from(targets)) counts.set(target, (counts.get(target) ?? 0) + 1);
  let left = 1;
  let others = 0;
  for (const [target, count] of counts)
    if (shares.has(target)) left -= shares.get(target) ?? 0;
    else others += count;
  if (others === 0 && left > 1e-9) return undefined;
  const weight = (target: number) => {
    const share = shares.get(target);
    return share === undefined ? Math.max(0, left) / others : share / (counts.get(target) ?? 1);
  };
  return { weights: Float64Array.from(Array.from(targets), weight), strata: targets };
}

/**
 * Sampling of data sets put together: each is drawn as it asks for, and gets its share of the draws. Default: as many as
 * it has examples. Undefined where that is each example once.
 */
export function mixSampling(
  parts: readonly Pick<IndexedDataset, 'size' | 'sampling'>[],
  shares?: readonly number[],
): Sampling | undefined {
  if (!shares && parts.every(({ sampling }) => !sampling)) return undefined;
  const weights = new Float64Array(parts.reduce((sum, { size }) => sum + size, 0));
  const strata = new Int32Array(weights.length);
  let start = 0;
  let next = 0;
  parts.forEach(({ size, sampling }, part) => {
    const own = Array.from({ length: size }, (_, i) => (sampling ? (sampling.weights[i] as number) : 1));
    const total = own.reduce((sum, weight) => sum + weight, 0);
    let most = 0;
    own.forEach((weight, i) => {
      weights[start + i] = ((shares?.[part] ?? size) * weight) / total;
      const stratum = sampling?.strata?.[i] ?? 0;
      strata[start + i] = next + stratum;
      most = Math.max(most, stratum);
    });
    start += size;
    next += most + 1;
  });
  return { weights, strata };
}
