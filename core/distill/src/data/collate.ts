// Applies transforms to examples and stacks them into a batch.
import type { Batch, Bucket, Example, TensorSpecs } from '../contracts/index.js';
import type { BatchOptions } from './batch-options.js';
import { located } from './read-error.js';
import { stack } from './stack.js';

/**
 * The examples after the transforms. Transform number k of the example with index i draws from
 * `random.child('transform').at(view, or else epoch).at(i).at(k)`, so two transforms of one example do not share their
 * numbers.
 * @throws PotstillError PLUGIN_FAILED where a transform throws.
 */
export function transformEach(
  examples: readonly Example[],
  indices: readonly number[],
  options: BatchOptions,
): readonly Example[] {
  const transforms = options.transforms ?? [];
  if (transforms.length === 0) return examples;
  const epoch = options.random.child('transform').at(options.view ?? options.epoch ?? 0);
  return examples.map((example, i) => {
    const index = indices[i] as number;
    const stream = epoch.at(index);
    return transforms.reduce((current, transform, k) => {
      try {
        return transform.apply(current, stream.at(k));
      } catch (error) {
        const name = options.name ?? 'data set';
        throw located(error, 'PLUGIN_FAILED', `${name}: transform ${k} of example ${index}`);
      }
    }, example);
  });
}

/**
 * Applies the transforms and stacks the results; see {@link transformEach} and {@link stack}.
 * @throws PotstillError PLUGIN_FAILED where a transform throws, DATA_DAMAGED where shapes do not fit.
 */
export function collate(
  examples: readonly Example[],
  { spec, buckets }: { readonly spec: TensorSpecs; readonly buckets?: readonly Bucket[] },
  indices: readonly number[],
  options: BatchOptions,
): Batch {
  const changed = transformEach(examples, indices, options);
  const transformed = (options.transforms?.length ?? 0) > 0;
  return stack(changed, spec, indices, { name: options.name ?? 'data set', transformed, buckets });
}
