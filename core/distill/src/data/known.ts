// What a data set tells of its examples without reading them: carried along when a data set is made from another.
import type { IndexedDataset } from '../contracts/index.js';

/** The numbers that an indexed data set may tell, one an example. */
export type Known = Pick<IndexedDataset, 'targets' | 'lengths' | 'groupIndices' | 'sampling'>;

/** Of all examples, or of those at `indices` in that order. */
export function knownOf(
  { targets, lengths, groupIndices, sampling }: IndexedDataset,
  indices?: Uint32Array,
): Known {
  const at = (values: ArrayLike<number>): ArrayLike<number> =>
    indices ? Array.from(indices, (index) => values[index] as number) : values;
  const each = (record: Readonly<Record<string, ArrayLike<number>>>) =>
    Object.fromEntries(Object.entries(record).map(([name, values]) => [name, at(values)]));
  return {
    ...(targets && { targets: at(targets) }),
    ...(lengths && { lengths: each(lengths) }),
    ...(groupIndices && { groupIndices: each(groupIndices) }),
    ...(sampling && {
      sampling: {
        weights: at(sampling.weights),
        ...(sampling.strata ? { strata: at(sampling.strata) } : {}),
      },
    }),
  };
}
