// A seeded sample of a data set that looks like the whole: drawn everywhere, every class in its share.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Dataset, Example } from '../contracts/index.js';
import { batches } from './batches.js';
import type { BatchOptions } from './batch-options.js';
import { collate } from './collate.js';
import { numbered } from './stream.js';

/** What a sample is drawn from: a data set, or the length of one. */
export interface Population {
  readonly size: number;
  /** Class number of each example, where that is known without reading examples. */
  readonly targets?: ArrayLike<number>;
}

/**
 * Up to `count` different indices below `size`, in random order. With `targets`, each class gets its share of the
 * sample, rounded, and at least one example where `count` allows it, so that figures of the sample estimate those of
 * the whole. Without, every example is as likely as any other.
 */
export function sampleIndices(
  { size, targets }: Population,
  count: number,
  random: RandomStream,
): Uint32Array {
  const order = random.permutation(size);
  if (count >= size || targets === undefined) return order.slice(0, Math.max(0, count));

  const byClass = new Map<number, number[]>();
  for (const index of order) {
    const target = targets[index] as number;
    const members = byClass.get(target);
    if (members) members.push(index);
    else byClass.set(target, [index]);
  }
  // The k-th of n members of a class stands at (k + 1/2) / n: taking the first `count` by position gives each class its
  // share. First members stand in front of all others, so that no class is left out that fits.
  const ranked = [...byClass.values()].flatMap((members) =>
    members.map((index, k) => ({ index, position: k === 0 ? -1 : (k + 0.5) / members.length })),
  );
  // Stable: classes tie in the random order in which they first appear.
  ranked.sort((a, b) => a.position - b.position);
  const chosen = new Set(ranked.slice(0, count).map(({ index }) => index));
  return order.filter((index) => chosen.has(index));
}

/**
 * The examples at `indices` as one batch, in that order; a stream is read up to the highest of them.
 * @throws PotstillError as {@link batches} does.
 */
export async function batchOf(
  dataset: Dataset,
  indices: ArrayLike<number>,
  options: Pick<BatchOptions, 'transforms' | 'random' | 'name'>,
): Promise<Batch> {
  const list = Array.from(indices);
  const all = { ...options, size: Math.max(1, list.length) };
  if (dataset.size !== undefined) {
    for await (const batch of batches(dataset, { ...all, order: list })) return batch;
    return collate([], dataset, [], all);
  }
  const wanted = new Set(list);
  const found = new Map<number, Example>();
  if (wanted.size > 0)
    for await (const { index, example } of numbered(dataset, options.name ?? 'data set')) {
      if (wanted.has(index)) found.set(index, example);
      if (found.size === wanted.size) break;
    }
  const examples = list.map((index) => {
    const example = found.get(index);
    if (!example) throw new Error(`internal: the stream has no example ${index}`);
    return example;
  });
  const batch = collate(examples, dataset, list, all);
  return options.name === undefined ? batch : { ...batch, part: options.name };
}
