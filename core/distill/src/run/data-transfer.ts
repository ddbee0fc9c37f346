// Training data joined with the transfer data of a recipe.
import type { RunContainer } from '../container/run-container.js';
import { joinTransfer, withChosenBuckets } from '../data/index.js';
import type { DataDescription, TensorSpec } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { Plan } from '../recipe/plan.js';
import type { OpenData } from './data-part.js';

/**
 * What the student is trained on: every example of `train`, and every example of `transfer` without its truth. The
 * transforms of `train` change both.
 * @throws PotstillError DATA_UNSUPPORTED where one of them is a stream.
 */
export async function withTransfer(
  { data, trace }: Plan,
  { services }: RunContainer,
  train: OpenData,
  transfer: OpenData,
): Promise<OpenData> {
  if (train.dataset.size === undefined || transfer.dataset.size === undefined) {
    const stream = train.dataset.size === undefined ? ('train' as const) : ('transfer' as const);
    throw new PotstillError(
      trace.place({
        code: 'DATA_UNSUPPORTED',
        message: `\`data.${stream}\` (${data[stream]?.component.definition.name}) is a stream, and transfer data are mixed with the training data in random order`,
        hint: 'Use data sets of known size for both.',
        path: `data.${stream}`,
      }),
    );
  }
  const joint = joinTransfer(train.dataset, transfer.dataset);
  const { spec, fingerprint, unlabelled, labelled } = joint;
  const joined = (own: DataDescription, theirs: DataDescription): DataDescription => ({
    ...own,
    spec: formsOf(spec, own, theirs),
    fingerprint,
    ...(unlabelled ? { unlabelled } : {}),
    ...(labelled === undefined ? {} : { labelled }),
  });
  return {
    name: 'train',
    dataset: await withChosenBuckets(joint, train.transforms, data.buckets, {
      random: services.random.child('train'),
      name: 'train',
    }),
    transforms: train.transforms,
    size: joint.size,
    description: joined(train.description, transfer.description),
    described: joined(train.described, transfer.described),
  };
}

/** The fields of the joined data, as transforms leave them. */
function formsOf(
  fields: DataDescription['spec'],
  own: DataDescription,
  theirs: DataDescription,
): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const ours = own.spec[name] ?? field;
      const free = ours.shape.map((length, axis) =>
        theirs.spec[name]?.shape[axis] === null && theirs.spec[name].shape.length === ours.shape.length
          ? null
          : length,
      );
      return [name, { ...ours, shape: free }];
    }),
  );
}
