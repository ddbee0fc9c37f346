// Composes batches of examples of like length.
import type { RandomStream } from '@potstill/engine';

/**
 * Items in batches of `size`: each bucket's items together, in the order given; what is left over of the buckets is put
 * together in the order of the buckets. All batches are full but the last. With `random` the full ones are shuffled.
 */
export function groupByBucket<T>(
  items: readonly T[],
  bucketOf: (item: T) => number,
  size: number,
  random: RandomStream | undefined,
): T[][] {
  const buckets: T[][] = [];
  for (const item of items) (buckets[bucketOf(item)] ??= []).push(item);
  const full: T[][] = [];
  const left: T[] = [];
  // `buckets` may have holes.
  buckets.forEach((members) => {
    const whole = members.length - (members.length % size);
    for (let at = 0; at < whole; at += size) full.push(members.slice(at, at + size));
    left.push(...members.slice(whole));
  });
  for (; left.length >= size;) full.push(left.splice(0, size));
  const order = random?.permutation(full.length) ?? full.keys();
  const batches = Array.from(order, (at) => full[at] as T[]);
  return left.length > 0 ? [...batches, left] : batches;
}
