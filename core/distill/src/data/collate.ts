// Applies transforms to examples and stacks them into a batch.
import type { Batch, Example, TensorSpecs } from '../contracts/index.js';
import type { BatchOptions } from './batch-options.js';
import { located } from './read-error.js';
import { stack } from './stack.js';

/**
 * Applies the transforms to each example and stacks the results. Transform number k of the example with index i draws
 * from `random.child('transform').at(view, or else epoch).at(i).at(k)`, so two transforms of one example do not share their numbers.
 * @throws PotstillError PLUGIN_FAILED where a transform throws, DATA_DAMAGED where shapes do not fit.
 */
export function collate(
  examples: readonly Example[],
  spec: TensorSpecs,
  indices: readonly number[],
  options: BatchOptions,
): Batch {
  const name = options.name ?? 'data set';
  const transforms = options.transforms ?? [];
  if (transforms.length === 0) return stack(examples, spec, indices, { name });
  const epoch = options.random.child('transform').at(options.view ?? options.epoch ?? 0);
  const changed = examples.map((example, i) => {
    const index = indices[i] as number;
    const stream = epoch.at(index);
    return transforms.reduce((current, transform, k) => {
      try {
        return transform.apply(current, stream.at(k));
      } catch (error) {
        throw located(error, 'PLUGIN_FAILED', `${name}: transform ${k} of example ${index}`);
      }
    }, example);
  });
  return stack(changed, spec, indices, { name, transformed: true });
}
