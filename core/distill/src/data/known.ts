// What a data set tells of its examples without reading them: carried along when a data set is made from another.
import type { DataDescription, IndexedDataset } from '../contracts/index.js';
import { freeAxes } from './axes.js';

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

/**
 * What all parts of a concatenation tell: of the target, of the free axes of `spec` and of the `groups`. Sampling is the
 * caller's to mix.
 */
export function joinKnown(
  parts: readonly IndexedDataset[],
  { target, spec, groups }: Pick<DataDescription, 'target' | 'spec' | 'groups'>,
): Known {
  const together = (of: (part: IndexedDataset) => ArrayLike<number> | undefined) => {
    const each = parts.map(of);
    return each.every((values) => values !== undefined) ? joinNumbers(each) : undefined;
  };
  const targets =
    target === undefined
      ? undefined
      : together(
          (part) => (part.target === target ? part.targets : undefined) ?? part.groupIndices?.[target],
        );
  const axes = [...new Set(freeAxes(spec).map(({ name }) => name))];
  const lengths = axes.map((name) => [name, together((part) => part.lengths?.[name])] as const);
  const indices = Object.keys(groups ?? {}).flatMap((field) => {
    const joined = together((part) => part.groupIndices?.[field]);
    return joined ? [[field, joined] as const] : [];
  });
  return {
    ...(targets ? { targets } : {}),
    ...(axes.length > 0 && lengths.every(([, values]) => values)
      ? { lengths: Object.fromEntries(lengths) as Record<string, Int32Array> }
      : {}),
    ...(indices.length > 0 ? { groupIndices: Object.fromEntries(indices) } : {}),
  };
}

/** Whole numbers one after another. */
function joinNumbers(parts: readonly ArrayLike<number>[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(Array.from(part), at);
    at += part.length;
  }
  return all;
}
