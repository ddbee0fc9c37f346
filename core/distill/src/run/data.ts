// The data sets of a run, made and described as students and teachers see them.
import type { RandomStream } from '@potstill/engine';
import type { RunContainer } from '../container/run-container.js';
import type { Batch, DataDescription, Dataset, Example } from '../contracts/index.js';
import { batches } from '../data/index.js';
import type { Plan } from '../recipe/plan.js';
import type { TrainingPart } from './compare-data.js';
import { openPart, type OpenData, type Role } from './data-part.js';
import { withTransfer } from './data-transfer.js';

export type { OpenData, Role } from './data-part.js';

export interface RunData {
  /** With labels, as the recipe gives it: what the baseline is trained on. */
  readonly train: OpenData;
  readonly transfer: OpenData | undefined;
  /** What the student is trained on: the training data and the transfer data. */
  readonly training: OpenData;
  readonly validation: OpenData | undefined;
  readonly test: OpenData | undefined;
  /** Of the training data, with the shapes that its transforms leave. */
  readonly description: DataDescription;
  dispose(): Promise<void>;
}

/**
 * Makes all data sets of the plan and compares them: classes are matched by name with those of the training data, and
 * what cannot be matched is refused.
 * @throws PotstillError DATA_PARTS_DIFFER, DATA_UNSUPPORTED, DATA_DAMAGED where a target is no class, and what data sets
 * throw.
 */
export async function openData(plan: Plan, container: RunContainer): Promise<RunData> {
  const opened: OpenData[] = [];
  const dispose = async () => {
    for (const { dataset } of opened) await dataset.dispose?.();
  };
  const open = async (name: Role, like?: TrainingPart): Promise<OpenData | undefined> => {
    const slot = plan.data[name];
    if (!slot) return undefined;
    const data = await openPart({ name, slot, like, container, trace: plan.trace, plan: plan.data });
    opened.push(data);
    return data;
  };
  try {
    const train = await open('train');
    if (!train) throw new Error('internal: a plan without training data');
    const like = { slot: plan.data.train, description: train.description, raw: train.described };
    const transfer = await open('transfer', like);
    const training = transfer ? await withTransfer(plan, container, train, transfer) : train;
    const validation = await open('validation', like);
    const test = await open('test', like);
    return { train, transfer, training, validation, test, description: train.description, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Examples at a time for who reads a whole part. */
const readBatch = 128;

/** All examples of a part in order, as transforms leave them; none where there is no such part. */
export async function* readPart(
  data: OpenData | undefined,
  random: RandomStream,
): AsyncGenerator<Batch, void, void> {
  if (!data) return;
  const { dataset, transforms, name } = data;
  yield* batches(dataset, { size: readBatch, transforms, name, random: random.child(name) });
}

/** What one student is trained on: without a teacher, nothing is learnt from transfer data. */
export function trainingDataOf({ train, training }: RunData, name: 'baseline' | 'student'): OpenData {
  return name === 'student' ? training : train;
}

/** Identifies all data of a run; a result is stale when it changes. */
export function dataFingerprints({ train, transfer, validation, test }: RunData): Record<string, string> {
  return Object.fromEntries(
    [train, transfer, validation, test]
      .filter((each) => each !== undefined)
      .map(({ name, dataset, transforms }) => [
        name,
        [dataset.fingerprint, ...transforms.map(({ fingerprint }) => fingerprint)].join(' '),
      ]),
  );
}

/** The data as the student sees it: a data set whose examples have gone through the transforms. */
export function transformed(
  { dataset, transforms, size, description }: OpenData,
  random: RandomStream,
): Dataset {
  if (transforms.length === 0) return dataset;
  const form = { ...description, ...(dataset.buckets ? { buckets: dataset.buckets } : {}) };
  const apply = (example: Example, index: number) =>
    transforms.reduce((current, transform, k) => transform.apply(current, random.at(index).at(k)), example);
  if (dataset.size !== undefined)
    return { ...form, size, example: async (index) => apply(await dataset.example(index), index) };
  return {
    ...form,
    async *examples() {
      let index = 0;
      for await (const example of dataset.examples()) yield apply(example, index++);
    },
  };
}
