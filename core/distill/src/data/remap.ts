// A data set whose class numbers are those of another one's class names.
import type { Dataset, DataDescription, Example, HostTensors, IndexedDataset } from '../contracts/index.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';

/**
 * The data set with class number `map[k]` in place of k and `labels` as its class names. Numbers outside of the map
 * (-1: unknown) stay. The target may have any shape.
 */
export function remapClasses(dataset: Dataset, map: readonly number[], labels: readonly string[]): Dataset {
  const { target } = dataset;
  if (target === undefined) throw new Error('internal: class numbers of a data set without a target');
  const mapped = <T extends HostTensors>(tensors: T): T => {
    const field = tensors[target];
    if (field?.dtype !== 'int32') return tensors;
    return { ...tensors, [target]: { ...field, data: field.data.map((k) => map[k] ?? k) } };
  };
  const description: DataDescription = {
    ...descriptionOf(dataset),
    labels,
    fingerprint: fingerprint('classes', dataset.fingerprint, [...map], [...labels]),
  };
  const shared = {
    ...description,
    ...(dataset.skipped ? { skipped: dataset.skipped } : {}),
    ...(dataset.buckets ? { buckets: dataset.buckets } : {}),
    ...(dataset.dispose ? { dispose: () => dataset.dispose?.() ?? Promise.resolve() } : {}),
  };
  if (dataset.size === undefined)
    return {
      ...shared,
      async *examples() {
        for await (const example of dataset.examples()) yield mapped<Example>(example);
      },
    };
  const { targets } = dataset;
  const batch = dataset.batch?.bind(dataset);
  return {
    ...shared,
    size: dataset.size,
    ...(targets && { targets: Array.from(targets, (k) => map[k] ?? k) }),
    ...(dataset.lengths && { lengths: dataset.lengths }),
    example: async (index) => mapped(await dataset.example(index)),
    ...(batch && {
      batch: async (indices: ArrayLike<number>) => {
        const read = await batch(indices);
        return { ...read, tensors: mapped(read.tensors) };
      },
    }),
  } satisfies IndexedDataset;
}
