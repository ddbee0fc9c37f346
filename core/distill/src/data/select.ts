// Subsets of a data set.
import type { Batch, IndexedDataset } from '../contracts/index.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';
import { knownOf } from './known.js';

/** The examples at `indices`, renumbered from 0. Class numbers and labels stay as they were. */
export function subset(dataset: IndexedDataset, indices: ArrayLike<number>): IndexedDataset {
  const chosen = Uint32Array.from(indices);
  const parentIndex = (index: number): number => {
    const parent = chosen[index];
    if (parent === undefined) throw new Error(`internal: example ${index} of a subset of ${chosen.length}`);
    return parent;
  };
  for (const index of chosen) {
    if (index >= dataset.size) throw new Error(`internal: example ${index} of a data set of ${dataset.size}`);
  }
  const batch = dataset.batch?.bind(dataset);
  return {
    ...descriptionOf({ ...dataset, fingerprint: fingerprint('subset', dataset.fingerprint, chosen) }),
    ...(dataset.skipped ? { skipped: dataset.skipped } : {}),
    size: chosen.length,
    ...knownOf(dataset, chosen),
    ...(dataset.buckets && { buckets: dataset.buckets }),
    example: async (index) => dataset.example(parentIndex(index)),
    ...(batch && {
      batch: async (asked: ArrayLike<number>, spare?: Batch) => {
        const list = Array.from(asked);
        return { ...(await batch(list.map(parentIndex), spare)), indices: list };
      },
    }),
  };
}

/** Examples `from` (inclusive) to `to` (exclusive); both are cut to what is there. */
export function range(dataset: IndexedDataset, from: number, to: number): IndexedDataset {
  const end = Math.min(to, dataset.size);
  return subset(
    dataset,
    Uint32Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i),
  );
}

export interface ClassFilter {
  /** Keep only these class numbers. Default: all. */
  readonly only?: readonly number[];
  /** Drop these, after `only`. Default: none. */
  readonly exclude?: readonly number[];
}

/** Whether a class passes the filter. */
export function classPasses(filter: ClassFilter, label: number): boolean {
  return (filter.only?.includes(label) ?? true) && !(filter.exclude?.includes(label) ?? false);
}

/** The examples of some classes. Classes keep their numbers and `labels` stays whole: a student still has all outputs. Reads every example once where the data set has no `targets`. */
export async function filterClasses(dataset: IndexedDataset, filter: ClassFilter): Promise<IndexedDataset> {
  const target = dataset.target;
  if (target === undefined) throw new Error('internal: filterClasses on a data set without a target');
  const kept: number[] = [];
  for (let index = 0; index < dataset.size; index++) {
    const label = dataset.targets?.[index] ?? (await dataset.example(index))[target]?.data[0];
    if (label !== undefined && classPasses(filter, label)) kept.push(index);
  }
  return subset(dataset, kept);
}
