// Data sets whose class or group numbers are those of another one's names.
import type { Dataset, DataDescription, Example, HostTensors, IndexedDataset } from '../contracts/index.js';
import { className } from './classes.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';
import { knownOf } from './known.js';

/**
 * The data set with class number `map[k]` in place of k and `labels` as its class names. Numbers outside of the map
 * (-1: unknown) stay. The target may have any shape.
 */
export function remapClasses(dataset: Dataset, map: readonly number[], labels: readonly string[]): Dataset {
  const { target } = dataset;
  if (target === undefined) throw new Error('internal: class numbers of a data set without a target');
  return renumber(
    dataset,
    { [target]: map },
    {
      labels,
      fingerprint: fingerprint('classes', dataset.fingerprint, [...map], [...labels]),
    },
  );
}

/**
 * The data set with its groups numbered as in `train`: groups of the same names have the same numbers, names that
 * `train` does not have come after them. Fields that `train` does not group by stay as they are.
 */
export function alignGroups(dataset: Dataset, train: Pick<DataDescription, 'groups'>): Dataset {
  const groups: Record<string, readonly string[]> = { ...dataset.groups };
  const maps: Record<string, readonly number[]> = {};
  for (const [field, own] of Object.entries(dataset.groups ?? {})) {
    const known = (train.groups?.[field] ?? []).map(className);
    if (known.length === 0) continue;
    const names = own.map(className);
    const all = [...new Set([...known, ...names])];
    if (all.length === names.length && all.every((name, k) => name === names[k])) continue;
    groups[field] = all;
    maps[field] = names.map((name) => all.indexOf(name));
  }
  if (Object.keys(maps).length === 0) return dataset;
  return renumber(dataset, maps, {
    groups,
    fingerprint: fingerprint('groups', dataset.fingerprint, maps, groups),
  });
}

/** The data set with other numbers in some int32 fields: `maps[field][k]` in place of k. */
function renumber(
  dataset: Dataset,
  maps: Readonly<Record<string, readonly number[]>>,
  change: Partial<DataDescription>,
): Dataset {
  const mapped = <T extends HostTensors>(tensors: T): T => {
    const changed = Object.entries(maps).flatMap(([name, map]) => {
      const field = tensors[name];
      return field?.dtype === 'int32'
        ? [[name, { ...field, data: field.data.map((k) => map[k] ?? k) }] as const]
        : [];
    });
    return { ...tensors, ...Object.fromEntries(changed) };
  };
  const shared = {
    ...descriptionOf(dataset),
    ...change,
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
  const { target, targets, groupIndices } = dataset;
  const numbers = (field: string | undefined, values: ArrayLike<number>) => {
    const map = maps[field ?? ''];
    return map ? Array.from(values, (k) => map[k] ?? k) : values;
  };
  const batch = dataset.batch?.bind(dataset);
  return {
    ...shared,
    size: dataset.size,
    ...knownOf(dataset),
    ...(targets && { targets: numbers(target, targets) }),
    ...(groupIndices && {
      groupIndices: Object.fromEntries(
        Object.entries(groupIndices).map(([field, values]) => [field, numbers(field, values)]),
      ),
    }),
    example: async (index) => mapped(await dataset.example(index)),
    ...(batch && {
      batch: async (indices: ArrayLike<number>) => {
        const read = await batch(indices);
        return { ...read, tensors: mapped(read.tensors) };
      },
    }),
  } satisfies IndexedDataset;
}
