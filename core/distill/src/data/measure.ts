// How long examples are along axes of varying length, and the buckets of a data set that follow from it.
import type { RandomStream } from '@potstill/engine';
import type { Bucket, Dataset, Example, TensorSpecs, Transform } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { elementCount } from './arrays.js';
import { freeAxes, lengthsOf } from './axes.js';
import { chooseBuckets, type BucketChoice } from './buckets.js';
import { transformEach } from './collate.js';
import { descriptionOf } from './describe.js';
import { knownOf } from './known.js';
import { sampleIndices } from './sample.js';
import { numbered } from './stream.js';

/** Examples that are looked at where a data set does not tell its lengths. Of a stream, the first so many. */
const looked = 1024;

/** One number an example, by axis name. */
export type Lengths = Readonly<Record<string, ArrayLike<number>>>;

/**
 * Lengths of the examples as batches have them: all that the data set tells, or those of a sample (up to 1,024 examples
 * drawn anywhere, or the first of a stream) after the transforms. Empty where no axis varies.
 */
export async function measureLengths(
  dataset: Dataset,
  transforms: readonly Transform[],
  { random, name }: { readonly random: RandomStream; readonly name: string },
): Promise<Lengths> {
  const axes = freeAxes(dataset.spec);
  const names = [...new Set(axes.map((axis) => axis.name))];
  if (names.length === 0) return {};
  if (dataset.size !== undefined && transforms.length === 0) {
    const { lengths } = dataset;
    if (lengths && names.every((each) => lengths[each])) return lengths;
  }
  const examples: Example[] = [];
  const indices: number[] = [];
  if (dataset.size === undefined) {
    for await (const { example, index } of numbered(dataset, name)) {
      examples.push(example);
      indices.push(index);
      if (examples.length === looked) break;
    }
  } else {
    indices.push(...sampleIndices({ size: dataset.size }, looked, random.child('lengths')));
    for (const index of indices) examples.push(await dataset.example(index));
  }
  const each = transformEach(examples, indices, { size: 1, transforms, random, name }).map((example) =>
    lengthsOf(example, axes),
  );
  return Object.fromEntries(names.map((axis) => [axis, each.map((lengths) => lengths[axis] ?? 0)]));
}

/** Elements that one more step of an axis adds to an example, by axis name. */
function weightsOf(spec: TensorSpecs): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const { field, axis, name } of freeAxes(spec)) {
    const others = (spec[field]?.shape ?? []).map((length, at) => (at === axis ? 1 : (length ?? 1)));
    weights[name] = (weights[name] ?? 0) + elementCount(others);
  }
  return weights;
}

/**
 * The data set with buckets that fit its lengths; itself where no axis varies or it has buckets of its own.
 * @throws PotstillError RECIPE_BAD_VALUE where `choice.edges` names no axis of the data.
 */
export async function withChosenBuckets(
  dataset: Dataset,
  transforms: readonly Transform[],
  choice: BucketChoice | undefined,
  at: { readonly random: RandomStream; readonly name: string },
): Promise<Dataset> {
  const axes = [...new Set(freeAxes(dataset.spec).map((axis) => axis.name))];
  const unknown = Object.keys(choice?.edges ?? {}).find((axis) => !axes.includes(axis));
  if (unknown !== undefined)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `\`data.buckets.edges\` names the axis \`${unknown}\`, which the ${at.name} data do not have`,
      path: 'data.buckets.edges',
      hint:
        axes.length > 0
          ? `Axes of varying length: ${axes.join(', ')}.`
          : 'All examples have the same shape: remove `data.buckets`.',
    });
  if (axes.length === 0 || (dataset.buckets && choice === undefined)) return dataset;
  const lengths = await measureLengths(dataset, transforms, at);
  return withBuckets(dataset, chooseBuckets(lengths, choice, weightsOf(dataset.spec)));
}

/** The data set with these buckets in place of its own. */
export function withBuckets(dataset: Dataset, buckets: readonly Bucket[]): Dataset {
  const shared = {
    ...descriptionOf(dataset),
    buckets,
    ...(dataset.skipped ? { skipped: dataset.skipped } : {}),
    ...(dataset.dispose ? { dispose: () => dataset.dispose?.() ?? Promise.resolve() } : {}),
  };
  if (dataset.size === undefined) return { ...shared, examples: () => dataset.examples() };
  const batch = dataset.batch?.bind(dataset);
  return {
    ...shared,
    size: dataset.size,
    ...knownOf(dataset),
    example: (index) => dataset.example(index),
    ...(batch && { batch }),
  };
}
