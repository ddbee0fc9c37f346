// Batches of a stream: in order, or drawn from a buffer of the latest examples.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Example, StreamDataset } from '../contracts/index.js';
import type { BatchOptions } from './batch-options.js';
import { collate } from './collate.js';
import { located } from './read-error.js';
import { checkTargets, targetOf } from './targets.js';

interface Numbered {
  readonly index: number;
  readonly example: Example;
}

/**
 * The batches of one pass over a stream. An example's index is its position in the stream. `start` reads and drops
 * what comes before it, so a resumed epoch is the same. Shuffled: a buffer of `shuffleBuffer` examples is kept full,
 * and each example taken is drawn from it uniformly.
 */
export async function* streamBatches(
  dataset: StreamDataset,
  options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  const order = options.order ?? 'sequential';
  if (typeof order !== 'string')
    throw new Error('internal: a stream cannot be read in a given order of indices');
  const inOrder = numbered(dataset, options.name ?? 'data set');
  const random = options.random.child('order').at(options.epoch ?? 0);
  const source = order === 'shuffled' ? shuffled(inOrder, options.shuffleBuffer ?? 4096, random) : inOrder;

  let drop = (options.start ?? 0) * options.size;
  let pending: Numbered[] = [];
  const finish = (): Batch => {
    const ready = pending;
    pending = [];
    return collate(
      ready.map((item) => item.example),
      dataset.spec,
      ready.map((item) => item.index),
      options,
    );
  };
  for await (const item of source) {
    if (drop-- > 0) continue;
    checkTargets(
      targetOf(item.example, dataset),
      dataset,
      () => `${options.name ?? 'data set'}: example ${item.index}`,
    );
    pending.push(item);
    if (pending.length === options.size) yield finish();
  }
  if (pending.length > 0 && !options.dropLast) yield finish();
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
