// A data set over examples in memory, whose axes may vary in length.
import type { DataDescription, Example, IndexedDataset } from '../contracts/index.js';
import { freeAxes, lengthsOf } from './axes.js';
import { descriptionOf } from './describe.js';
import { fingerprint } from './fingerprint.js';
import { stack } from './stack.js';

export interface ExamplesDatasetOptions {
  /** `fingerprint` defaults to one over examples and description. */
  readonly description: Omit<DataDescription, 'fingerprint'> & { readonly fingerprint?: string };
  /** They are not copied: do not change them afterwards. */
  readonly examples: readonly Example[];
}

/**
 * A data set over examples. It tells the length of each, so that batches of like length are composed.
 * @throws PotstillError DATA_DAMAGED where an example lacks a field or has another dtype or shape than `spec` says.
 */
export function examplesDataset({ description, examples }: ExamplesDatasetOptions): IndexedDataset {
  const { fingerprint: given, ...rest } = description;
  const { spec, target } = description;
  // Refuses examples that do not fit, one by one, so that nothing is padded.
  examples.forEach((example, index) => stack([example], spec, [index]));
  const content = () =>
    examples.flatMap((example) =>
      Object.entries(example).flatMap(([name, { dtype, shape, data }]) => [name, dtype, shape, data]),
    );
  const axes = freeAxes(spec);
  const each = examples.map((example) => lengthsOf(example, axes));
  const names = [...new Set(axes.map(({ name }) => name))];
  const scalar = target !== undefined && spec[target]?.dtype === 'int32' && spec[target].shape.length === 0;
  return {
    ...descriptionOf({ ...rest, fingerprint: given ?? fingerprint(rest, ...content()) }),
    size: examples.length,
    ...(scalar ? { targets: examples.map((example) => example[target]?.data[0] ?? -1) } : {}),
    ...(names.length > 0 && {
      lengths: Object.fromEntries(names.map((name) => [name, each.map((lengths) => lengths[name] ?? 0)])),
    }),
    example: (index) => {
      const example = examples[index];
      return example
        ? Promise.resolve(example)
        : Promise.reject(new Error(`internal: example ${index} of a data set of ${examples.length}`));
    },
  };
}
