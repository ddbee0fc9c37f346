// Batches of a data set: order, transforms, collation, one batch prepared ahead.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Dataset, Example, IndexedDataset } from '../contracts/index.js';
import { lookAhead } from './ahead.js';
import { rowView } from './arrays.js';
import { freeAxes, isRagged, lengthsOf, longestOf } from './axes.js';
import { batchCount, windowBatches, type BatchOptions } from './batch-options.js';
import { bucketIndex, paddedLengths } from './buckets.js';
import { collate, transformEach } from './collate.js';
import { groupByBucket } from './group.js';
import { padBatch } from './pad.js';
import { located } from './read-error.js';
import { stack } from './stack.js';
import { drawByWeight } from './sampling.js';
import { streamBatches } from './stream.js';
import { checkTargets, targetOf } from './targets.js';

/**
 * The batches of one epoch. While one is in use the next is prepared. What an example becomes depends on
 * (random, epoch, its index) alone, not on batch size, order or `start`. An empty data set gives no batches.
 * Where the data set has several `buckets`, examples of like length come together: over the whole epoch where it tells
 * `lengths`, else within windows of {@link windowBatches} batches. An order of indices is kept as it is.
 * @throws PotstillError DATA_DAMAGED where an example cannot be read, PLUGIN_FAILED where a transform throws; both name
 * the data set and the example's index.
 */
export function batches(dataset: Dataset, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  if (!Number.isInteger(options.size) || options.size < 1) {
    throw new Error(`internal: batch size must be a positive integer, got ${options.size}`);
  }
  const read =
    dataset.size === undefined
      ? streamBatches(dataset, options, groupRandom(options))
      : indexedBatches(dataset, options);
  return lookAhead(options.name === undefined ? read : ofPart(read, options.name));
}

async function* ofPart(
  read: AsyncGenerator<Batch, void, void>,
  part: string,
): AsyncGenerator<Batch, void, void> {
  for await (const batch of read) yield { ...batch, part };
}

async function* indexedBatches(
  dataset: IndexedDataset,
  options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  const order = indexOrder(dataset, options);
  const { start = 0, order: asked = 'sequential' } = options;
  const groups = typeof asked === 'string' && (dataset.buckets?.length ?? 0) > 1;
  const end = batchCount(order.length, options.size, options.dropLast);
  if (groups && !dataset.lengths) {
    yield* windowedBatches(dataset, order, end, options);
    return;
  }
  const composed = groups ? composedBatches(dataset, order, options) : undefined;
  // One batch is in use while the next is prepared, so that the one before both is spare.
  const made: Batch[] = [];
  for (let batch = start; batch < end; batch++) {
    const indices =
      composed?.[batch] ?? Array.from(order.subarray(batch * options.size, (batch + 1) * options.size));
    const spare = options.reuse ? made[batch % 3] : undefined;
    yield (made[batch % 3] = await makeBatch(dataset, indices, options, spare));
  }
}

/** Batches of like length over the whole order, by the lengths that the data set tells. */
function composedBatches(
  { lengths = {}, buckets = [] }: IndexedDataset,
  order: Uint32Array,
  options: BatchOptions,
): number[][] {
  const names = Object.keys(lengths);
  const bucketOf = (index: number) =>
    bucketIndex(Object.fromEntries(names.map((name) => [name, lengths[name]?.[index] ?? 0])), buckets);
  return groupByBucket(Array.from(order), bucketOf, options.size, groupRandom(options));
}

/** Batches of like length within windows: what the examples look like is known once they are read. */
async function* windowedBatches(
  dataset: IndexedDataset,
  order: Uint32Array,
  end: number,
  options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  const { size, start = 0, name = 'data set', transforms = [] } = options;
  const { spec, buckets = [] } = dataset;
  const axes = freeAxes(spec);
  for (let window = Math.floor(start / windowBatches); window * windowBatches < end; window++) {
    const first = window * windowBatches;
    const indices = Array.from(order.subarray(first * size, (first + windowBatches) * size));
    const examples = transformEach(await readEach(dataset, indices, options), indices, options);
    const items = examples.map((example, i) => ({ example, index: indices[i] as number }));
    const bucketOf = ({ example }: { example: Example }) => bucketIndex(lengthsOf(example, axes), buckets);
    const composed = groupByBucket(items, bucketOf, size, groupRandom(options)?.at(window));
    for (const batch of composed.slice(Math.max(0, start - first), end - first))
      yield stack(
        batch.map(({ example }) => example),
        spec,
        batch.map(({ index }) => index),
        { name, transformed: transforms.length > 0, buckets },
      );
  }
}

/** The order of an epoch's batches where they are composed by length; none for data read in their own order. */
function groupRandom({ order, random, epoch = 0 }: BatchOptions): RandomStream | undefined {
  return order === 'shuffled' ? random.child('batches').at(epoch) : undefined;
}

function indexOrder(dataset: IndexedDataset, options: BatchOptions): Uint32Array {
  const order = options.order ?? 'sequential';
  if (order === 'sequential') return Uint32Array.from({ length: dataset.size }, (_, i) => i);
  if (order !== 'shuffled') return Uint32Array.from(order);
  const random = options.random.child('order').at(options.epoch ?? 0);
  const { sampling, size } = dataset;
  return sampling ? drawByWeight(sampling, size, random) : random.permutation(size);
}

async function makeBatch(
  dataset: IndexedDataset,
  indices: readonly number[],
  options: BatchOptions,
  spare: Batch | undefined,
): Promise<Batch> {
  const transformed = (options.transforms?.length ?? 0) > 0;
  // A padded batch cannot be cut back into examples, so ragged data under transforms is read one by one.
  const ragged = isRagged(dataset.spec);
  if (!dataset.batch || (ragged && transformed)) {
    return collate(await readEach(dataset, indices, options), dataset, indices, options);
  }
  const read = dataset.batch.bind(dataset);
  // Under transforms examples are views of the batch.
  const whole = await readWhole(
    dataset,
    (some) => read(some, transformed ? undefined : spare),
    indices,
    options,
  );
  const targets = targetOf(whole.tensors, dataset);
  const each = Math.max(1, targets.length / indices.length);
  checkTargets(targets, dataset, (i) => nameOf(options, indices[Math.floor(i / each)]));
  if (!transformed) return { ...(ragged ? intoBucket(whole, dataset) : whole), indices };
  const rows = indices.map((_, row) => exampleOf(whole, row));
  return collate(rows, dataset, indices, options);
}

/** A data set pads its batches as it likes; here to the bucket. */
function intoBucket(batch: Batch, { spec, buckets }: Dataset): Batch {
  const padded = freeAxes(spec).map(({ field, axis, name }) => ({
    [name]: batch.tensors[field]?.shape[axis + 1] ?? 0,
  }));
  return padBatch(batch, spec, paddedLengths(longestOf(padded), buckets));
}

async function readWhole(
  dataset: IndexedDataset,
  read: (indices: readonly number[]) => Promise<Batch>,
  indices: readonly number[],
  options: BatchOptions,
): Promise<Batch> {
  try {
    return await read(indices);
  } catch (error) {
    // One by one, the error names its example.
    await readEach(dataset, indices, options);
    throw located(error, 'DATA_DAMAGED', `${options.name ?? 'data set'}: examples ${indices.join(', ')}`);
  }
}

function readEach(
  dataset: IndexedDataset,
  indices: readonly number[],
  options: BatchOptions,
): Promise<Example[]> {
  return Promise.all(
    indices.map(async (index) => {
      let example: Example;
      try {
        example = await dataset.example(index);
      } catch (error) {
        throw located(error, 'DATA_DAMAGED', nameOf(options, index));
      }
      checkTargets(targetOf(example, dataset), dataset, () => nameOf(options, index));
      return example;
    }),
  );
}

function nameOf({ name = 'data set' }: BatchOptions, index: number | undefined): string {
  return `${name}: example ${index ?? '?'}`;
}

function exampleOf(batch: Batch, row: number): Example {
  const example: Record<string, Example[string]> = {};
  for (const name in batch.tensors) example[name] = rowView(batch.tensors[name] as Example[string], row);
  return example;
}
