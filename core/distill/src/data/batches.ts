// Batches of a data set: order, transforms, collation, one batch prepared ahead.
import type { Batch, Dataset, Example, IndexedDataset } from '../contracts/index.js';
import { lookAhead } from './ahead.js';
import { rowView } from './arrays.js';
import { batchCount, type BatchOptions } from './batch-options.js';
import { collate } from './collate.js';
import { located } from './read-error.js';
import { streamBatches } from './stream.js';
import { checkTargets, targetOf } from './targets.js';

/**
 * The batches of one epoch. While one is in use the next is prepared. What an example becomes depends on
 * (random, epoch, its index) alone, not on batch size, order or `start`. An empty data set gives no batches.
 * @throws PotstillError DATA_DAMAGED where an example cannot be read, PLUGIN_FAILED where a transform throws; both name
 * the data set and the example's index.
 */
export function batches(dataset: Dataset, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  if (!Number.isInteger(options.size) || options.size < 1) {
    throw new Error(`internal: batch size must be a positive integer, got ${options.size}`);
  }
  return lookAhead(
    dataset.size === undefined ? streamBatches(dataset, options) : indexedBatches(dataset, options),
  );
}

async function* indexedBatches(
  dataset: IndexedDataset,
  options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  const order = indexOrder(dataset, options);
  const end = batchCount(order.length, options.size, options.dropLast);
  for (let batch = options.start ?? 0; batch < end; batch++) {
    const indices = Array.from(order.subarray(batch * options.size, (batch + 1) * options.size));
    yield await makeBatch(dataset, indices, options);
  }
}

function indexOrder(dataset: IndexedDataset, options: BatchOptions): Uint32Array {
  const order = options.order ?? 'sequential';
  if (order === 'sequential') return Uint32Array.from({ length: dataset.size }, (_, i) => i);
  if (order !== 'shuffled') return Uint32Array.from(order);
  return options.random
    .child('order')
    .at(options.epoch ?? 0)
    .permutation(dataset.size);
}

async function makeBatch(
  dataset: IndexedDataset,
  indices: readonly number[],
  options: BatchOptions,
): Promise<Batch> {
  const transformed = (options.transforms?.length ?? 0) > 0;
  // A padded batch cannot be cut back into examples, so ragged data under transforms is read one by one.
  const ragged = Object.values(dataset.spec).some((spec) => spec.shape.includes(null));
  if (!dataset.batch || (ragged && transformed)) {
    return collate(await readEach(dataset, indices, options), dataset.spec, indices, options);
  }
  const whole = await readWhole(dataset, dataset.batch.bind(dataset), indices, options);
  const targets = targetOf(whole.tensors, dataset);
  const each = Math.max(1, targets.length / indices.length);
  checkTargets(targets, dataset, (i) => nameOf(options, indices[Math.floor(i / each)]));
  if (!transformed) return { ...whole, indices };
  const rows = indices.map((_, row) => exampleOf(whole, row));
  return collate(rows, dataset.spec, indices, options);
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
