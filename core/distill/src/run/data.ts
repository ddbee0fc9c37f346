// The data sets of a run, made and described as students and teachers see them.
import type { DataDescription, Dataset, Example, TensorSpec, Transform } from '../contracts/index.js';
import type { RandomStream } from '@potstill/engine';
import { descriptionOf } from '../data/index.js';
import type { DatasetSlot, Plan } from '../recipe/plan.js';
import { countExamples, type PreparedData } from '../train/source.js';
import type { RunContainer } from '../container/run-container.js';

/** A data set with its size, and how its examples look after the transforms. */
export interface OpenData extends PreparedData {
  readonly size: number;
  readonly description: DataDescription;
}

export interface RunData {
  readonly train: OpenData;
  readonly validation: OpenData | undefined;
  readonly test: OpenData | undefined;
  /** Of the training data, with the shapes that its transforms leave. */
  readonly description: DataDescription;
  dispose(): Promise<void>;
}

/** Makes all data sets of the plan. Their errors name the files; see the data sets. */
export async function openData(plan: Plan, container: RunContainer): Promise<RunData> {
  const train = await open(plan.data.train, 'train', container);
  const validation = plan.data.validation && (await open(plan.data.validation, 'validation', container));
  const test = plan.data.test && (await open(plan.data.test, 'test', container));
  return {
    train,
    validation,
    test,
    description: train.description,
    dispose: async () => {
      for (const { dataset } of [train, validation, test].filter((each) => each !== undefined))
        await dataset.dispose?.();
    },
  };
}

/** Identifies all data of a run; a result is stale when it changes. */
export function dataFingerprints({ train, validation, test }: RunData): Record<string, string> {
  return Object.fromEntries(
    [train, validation, test]
      .filter((each) => each !== undefined)
      .map(({ name, dataset, transforms }) => [
        name,
        [dataset.fingerprint, ...transforms.map(({ fingerprint }) => fingerprint)].join(' '),
      ]),
  );
}

async function open(slot: DatasetSlot, name: string, container: RunContainer): Promise<OpenData> {
  const dataset = await container.make(slot.component, {});
  const transforms: Transform[] = [];
  for (const plan of slot.transforms)
    transforms.push(await container.make(plan, { data: descriptionOf(dataset) }));
  const size = await countExamples(dataset);
  const skipped = dataset.skipped ?? [];
  for (const { path, reason } of skipped)
    container.services.logger.warn({ path, reason }, 'damaged example left out');
  if (skipped.length > 0)
    container.services.progress.emit({
      event: 'warning',
      code: 'DATA_DAMAGED',
      message: `${name}: ${skipped.length} damaged examples were left out, the first is ${skipped[0]?.path}: ${skipped[0]?.reason}`,
      hint: 'The log names them all.',
    });
  const description = await describeAfter(dataset, transforms, container.services.random.child(name));
  return { dataset, transforms, name, size, description };
}

/** What a crop or a resize leaves: shapes are read off the first example. */
async function describeAfter(
  dataset: Dataset,
  transforms: readonly Transform[],
  random: RandomStream,
): Promise<DataDescription> {
  const description = descriptionOf(dataset);
  if (transforms.length === 0) return description;
  const first = await firstExample(dataset);
  if (!first) return description;
  const changed = transforms.reduce((example, transform) => transform.apply(example, random), first);
  const spec: Record<string, TensorSpec> = { ...description.spec };
  for (const [name, { dtype, shape }] of Object.entries(changed)) {
    const before = spec[name];
    spec[name] = {
      dtype,
      shape: shape.map((length, axis) => (before?.shape[axis] === null ? null : length)),
    };
  }
  return { ...description, spec };
}

async function firstExample(dataset: Dataset): Promise<Example | undefined> {
  if (dataset.size !== undefined) return dataset.size > 0 ? dataset.example(0) : undefined;
  for await (const example of dataset.examples()) return example;
  return undefined;
}

/** The data as the student sees it: a data set whose examples have gone through the transforms. */
export function transformed(
  { dataset, transforms, size, description }: OpenData,
  random: RandomStream,
): Dataset {
  if (transforms.length === 0 || dataset.size === undefined) return dataset;
  const apply = (example: Example, index: number) =>
    transforms.reduce((current, transform, k) => transform.apply(current, random.at(index).at(k)), example);
  return { ...description, size, example: async (index) => apply(await dataset.example(index), index) };
}
