// A few examples that stand for the whole data: what checks look at.
import type { RandomStream } from '@potstill/engine';
import type { Batch } from '../contracts/index.js';
import { batchOf, sampleIndices } from '../data/index.js';
import type { OpenData } from './data.js';

/** Of a stream no more than this many samples' worth is read. */
const streamPrefix = 16;

export interface Sample {
  readonly batch: Batch;
  /** It is drawn from the first so many examples: all of them, except of a long stream. */
  readonly drawnFrom: number;
}

/** Up to `count` examples drawn over all of the data, every class in its share; of a stream, over its beginning. */
export async function drawSample(
  { dataset, transforms, name, size }: OpenData,
  count: number,
  random: RandomStream,
  use = 'sample',
): Promise<Sample> {
  const drawnFrom = dataset.size === undefined ? Math.min(size, streamPrefix * count) : size;
  const population = dataset.size === undefined ? { size: drawnFrom } : dataset;
  const indices = sampleIndices(population, count, random.child(use));
  return { batch: await batchOf(dataset, indices, { transforms, name, random }), drawnFrom };
}
