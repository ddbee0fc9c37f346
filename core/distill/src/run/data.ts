// The data sets of a run, made and described as students and teachers see them.
import type { RandomStream } from '@potstill/engine';
import type { RunContainer } from '../container/run-container.js';
import type { Batch, DataDescription, Dataset, Example } from '../contracts/index.js';
import { batches, unknownInMap } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import type { DatasetSlot, Plan, RecipeTrace } from '../recipe/plan.js';
import { cutPart, cutTraining } from './data-cut.js';
import { makePart, openPart, type OpenData, type Role } from './data-part.js';
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
  const { data, trace } = plan;
  const made: Dataset[] = [];
  const dispose = async () => {
    for (const dataset of made.splice(0)) await dataset.dispose?.();
  };
  const make = async (name: Role, slot: DatasetSlot, train?: DataDescription) => {
    const dataset = await makePart({ name, slot, container }, train);
    made.push(dataset);
    return dataset;
  };
  try {
    const whole = await make('train', data.train);
    const cut = { limit: data.train.limit, classes: data.classes };
    const {
      train: own,
      parts,
      described,
    } = await cutTraining(whole, cut, data.split, container.services.random);
    const shared = { container, trace, plan: data };
    const train = await openPart({ ...shared, name: 'train', slot: data.train, like: undefined }, own);
    const like = { slot: data.train, description: train.description, raw: train.described };
    const open = async (name: Exclude<Role, 'train'>): Promise<OpenData | undefined> => {
      const split = parts[name];
      if (split) return openPart({ ...shared, name, slot: data.train, like, split: true }, split);
      const slot = data[name];
      if (!slot) return undefined;
      const dataset = await cutPart(await make(name, slot, described), { ...cut, limit: slot.limit });
      return openPart({ ...shared, name, slot, like }, dataset);
    };
    const transfer = await open('transfer');
    const training = transfer ? await withTransfer(plan, container, train, transfer) : train;
    const validation = await open('validation');
    const test = await open('test');
    refuseUnknownClasses(plan, made);
    return { train, transfer, training, validation, test, description: train.description, dispose };
  } catch (error) {
    await dispose();
    throw error instanceof PotstillError ? placed(error, trace) : error;
  }
}

/** Errors about `data` itself point at its lines of the recipe. */
function placed(error: PotstillError, trace: RecipeTrace): PotstillError {
  const [first, ...others] = error.records;
  return new PotstillError([trace.place(first), ...others.map((record) => trace.place(record))], {
    cause: error.cause,
  });
}

/** A name of `data.classes` that is no class of any part. */
function refuseUnknownClasses({ data: { classes }, trace }: Plan, made: readonly DataDescription[]): void {
  if (!classes) return;
  const labels = [...new Set(made.flatMap((each) => each.labels ?? []))];
  const unknown = unknownInMap({ labels }, classes);
  if (unknown === undefined) return;
  const meant = didYouMean(unknown, labels);
  throw new PotstillError(
    trace.place({
      code: 'RECIPE_BAD_VALUE',
      message: `\`data.classes\` names \`${unknown}\`, which is no class of the data`,
      path: `data.classes.${unknown}`,
      ...(meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` }),
      ...allowedWords(unknown, labels),
    }),
  );
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
