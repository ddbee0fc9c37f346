// A field with one number an example, over the whole data set.
import type { IndexedDataset } from '../contracts/index.js';

const block = 256;

/**
 * The number of each example in a field of shape []: as the data set tells it, else by reading every example. Undefined
 * where there is no such field, or it holds more than one number.
 */
export async function fieldValues(
  dataset: IndexedDataset,
  field: string,
): Promise<ArrayLike<number> | undefined> {
  if (field === dataset.target && dataset.targets) return dataset.targets;
  const known = dataset.groupIndices?.[field];
  if (known) return known;
  if (dataset.spec[field]?.shape.length !== 0) return undefined;
  const values = new Float64Array(dataset.size);
  for (let from = 0; from < dataset.size; from += block) {
    const indices = Array.from({ length: Math.min(block, dataset.size - from) }, (_, i) => from + i);
    if (dataset.batch) {
      const { tensors } = await dataset.batch(indices);
      values.set(Array.from(tensors[field]?.data ?? []), from);
    } else {
      for (const index of indices) values[index] = (await dataset.example(index))[field]?.data[0] ?? NaN;
    }
  }
  return values;
}
