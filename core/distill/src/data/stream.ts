// Batches of a stream: in order, or drawn from a buffer of the latest examples.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Example, StreamDataset } from '../contracts/index.js';
import { freeAxes, lengthsOf } from './axes.js';
import { windowBatches, type BatchOptions } from './batch-options.js';
import { bucketIndex } from './buckets.js';
import { transformEach } from './collate.js';
import { groupByBucket } from './group.js';
import { located } from './read-error.js';
import { stack } from './stack.js';
import { checkTargets, targetOf } from './targets.js';

interface Numbered {
  readonly index: number;
  readonly example: Example;
}

/**
 * The batches of one pass over a stream. An example's index is its position in the stream. `start` reads and drops
 * what comes before it, so a resumed epoch is the same. Shuffled: a buffer of `shuffleBuffer` examples is kept full,
 * and each example taken is drawn from it uniformly. With several `buckets`, examples of like length come together
 * within windows of {@link windowBatches} batches.
 */
export async function* streamBatches(
  dataset: StreamDataset,
  options: BatchOptions,
  groupRandom: RandomStream | undefined,
): AsyncGenerator<Batch, void, void> {
  const { size, start = 0, order = 'sequential', name = 'data set' } = options;
  if (typeof order !== 'string')
    throw new Error('internal: a stream cannot be read in a given order of indices');
  const inOrder = numbered(dataset, name);
  const random = options.random.child('order').at(options.epoch ?? 0);
  const source = order === 'shuffled' ? shuffled(inOrder, options.shuffleBuffer ?? 4096, random) : inOrder;

  const axes = freeAxes(dataset.spec);
  const buckets = dataset.buckets ?? [];
  const batchesAtOnce = axes.length > 0 && buckets.length > 1 ? windowBatches : 1;
  let window = Math.floor(start / batchesAtOnce);
  let drop = window * batchesAtOnce * size;
  let pending: Numbered[] = [];

  const finish = (): Batch[] => {
    const indices = pending.map(({ index }) => index);
    const examples = transformEach(
      pending.map(({ example }) => example),
      indices,
      options,
    );
    pending = [];
    const items = examples.map((example, i): Numbered => ({ example, index: indices[i] as number }));
    const bucketOf = ({ example }: Numbered) => bucketIndex(lengthsOf(example, axes), buckets);
    const composed =
      batchesAtOnce === 1 ? [items] : groupByBucket(items, bucketOf, size, groupRandom?.at(window));
    const skipped = Math.max(0, start - window * batchesAtOnce);
    window++;
    return composed
      .slice(skipped)
      .filter((batch) => batch.length === size || !options.dropLast)
      .map((batch) =>
        stack(
          batch.map(({ example }) => example),
          dataset.spec,
          batch.map(({ index }) => index),
          { name, transformed: (options.transforms?.length ?? 0) > 0, buckets },
        ),
      );
  };
  for await (const item of source) {
    if (drop-- > 0) continue;
    checkTargets(targetOf(item.example, dataset), dataset, () => `${name}: example ${item.index}`);
    pending.push(item);
    if (pending.length === batchesAtOnce * size) yield* finish();
  }
  if (pending.length > 0) yield* finish();
}

/** The examples of one pass with their positions. */
export async function* numbered(dataset: StreamDataset, name: string): AsyncGenerator<Numbered, void, void> {
  let index = 0;
  try {
    for await (const example of dataset.examples()) yield { index: index++, example };
  } catch (error) {
    throw located(error, 'DATA_DAMAGED', `${name}: example ${index}`);
  }
}

async function* shuffled(
  source: AsyncIterable<Numbered>,
  capacity: number,
  random: RandomStream,
): AsyncGenerator<Numbered, void, void> {
  const buffer: Numbered[] = [];
  let taken = 0;
  const take = (): Numbered => {
    const position = random.at(taken++).integer(buffer.length);
    const item = buffer[position] as Numbered;
    const last = buffer.pop() as Numbered;
    if (position < buffer.length) buffer[position] = last;
    return item;
  };
  for await (const item of source) {
    buffer.push(item);
    if (buffer.length > capacity) yield take();
  }
  while (buffer.length > 0) yield take();
}
