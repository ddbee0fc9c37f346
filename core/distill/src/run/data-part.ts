// One part of a run's data: made, compared with the training data, its transforms applied to see what they leave.
import type { RandomStream } from '@potstill/engine';
import type { RunContainer } from '../container/run-container.js';
import type {
  DataDescription,
  Dataset,
  Example,
  Services,
  TensorSpec,
  Transform,
} from '../contracts/index.js';
import {
  alignGroups,
  checkTargets,
  descriptionOf,
  remapClasses,
  targetOf,
  withChosenBuckets,
  type TargetRule,
} from '../data/index.js';
import { numbered } from '../data/stream.js';
import type { DataPlan, DatasetSlot, RecipeTrace } from '../recipe/plan.js';
import type { PreparedData } from '../train/views.js';
import { withSampler } from './data-cut.js';
import { compareForm, matchClasses, withNormalisedLabels, type TrainingPart } from './compare-data.js';

/** What a part of the data is for. */
export type Role = 'train' | 'validation' | 'test' | 'transfer';

/** A data set with its size, and how its examples look after the transforms. */
export interface OpenData extends PreparedData {
  readonly size: number;
  /** As transforms leave it, with the class names of the training data. */
  readonly description: DataDescription;
  /** Before transforms. */
  readonly described: DataDescription;
}

export interface Opening {
  readonly name: Role;
  readonly slot: DatasetSlot;
  /** The training data; undefined while that is opened. */
  readonly like: TrainingPart | undefined;
  readonly container: RunContainer;
  readonly trace: RecipeTrace;
  readonly plan: DataPlan;
  /** Taken out of the training data: random transforms, made for training, do not apply. */
  readonly split?: boolean;
}

/**
 * Opens a part of a data set that is made and cut. Its classes are matched by name with those of the training data.
 * @throws PotstillError DATA_PARTS_DIFFER, DATA_DAMAGED where a target is no class, and what data sets throw.
 */
export async function openPart(opening: Opening, made: Dataset): Promise<OpenData> {
  const { name, slot, like, container, trace, plan } = opening;
  const { services } = container;
  const own = name === 'transfer' ? withoutTruth(made) : withNormalisedLabels(name, descriptionOf(made));
  const { map, note } = like && name !== 'transfer' ? matchClasses(like, { name, slot }, own, trace) : {};
  if (note !== undefined)
    services.progress.emit({ event: 'warning', code: 'DATA_CLASSES_MATCHED', message: note });
  const labels = name === 'transfer' ? undefined : (like?.raw.labels ?? own.labels);
  const numbered = like ? alignGroups(made, like.raw) : await withSampler(made, plan.sampler);
  const dataset = map && labels ? remapClasses(numbered, map, labels) : numbered;
  const described: DataDescription = {
    ...own,
    fingerprint: dataset.fingerprint,
    ...(dataset.groups ? { groups: dataset.groups } : {}),
    ...(labels === undefined ? {} : { labels }),
  };
  // Figures need the truth of every example, so only training data may lack it.
  const rule = like ? { ...described, unlabelled: false } : described;
  const size = await checkedSize(name, dataset, rule);
  const transforms: Transform[] = [];
  for (const each of slot.transforms) transforms.push(await container.make(each, { data: described }));
  const kept = opening.split ? transforms.filter((transform) => !transform.random) : transforms;
  const random = services.random.child(name);
  const description = await describeAfter(dataset, described, kept, random);
  if (like) compareForm(like, { name, slot }, description, trace);
  return {
    dataset: await withChosenBuckets(dataset, kept, plan.buckets, { random, name }),
    transforms: kept,
    name,
    size,
    description,
    described,
    ...(plan.shuffle ? { shuffleWindow: plan.shuffle.window } : {}),
  };
}

/** The data set of a part as its component makes it. */
export async function makePart(
  { name, slot, container }: Pick<Opening, 'name' | 'slot' | 'container'>,
  train?: DataDescription,
): Promise<Dataset> {
  const made = await container.make(slot.component, train ? { train } : {});
  tellSkipped(name, made, container.services);
  return made;
}

/** Of transfer data no truth is used: it may be there or not, of the same classes or of others. */
function withoutTruth(data: DataDescription): DataDescription {
  const { target: _target, labels: _labels, ...rest } = descriptionOf(data);
  return rest;
}

/** Number of examples. Targets are checked where that needs no reading; a stream is read once to count it anyway. */
async function checkedSize(name: string, dataset: Dataset, rule: TargetRule): Promise<number> {
  if (dataset.size !== undefined) {
    checkTargets(dataset.targets ?? [], rule, (i) => `${name}: example ${i}`);
    return dataset.size;
  }
  let count = 0;
  for await (const { example, index } of numbered(dataset, name)) {
    checkTargets(targetOf(example, rule), rule, () => `${name}: example ${index}`);
    count++;
  }
  return count;
}

function tellSkipped(name: string, { skipped = [] }: Dataset, { logger, progress }: Services): void {
  for (const { path, reason } of skipped) logger.warn({ path, reason }, 'example left out');
  const [first] = skipped;
  if (first)
    progress.emit({
      event: 'warning',
      code: 'DATA_DAMAGED',
      message: `${name}: ${skipped.length} examples were left out; the first: ${first.path} ${first.reason}`,
      hint: 'The log names them all.',
    });
}

/** What a crop or a resize leaves: shapes are read off the first example. */
async function describeAfter(
  dataset: Dataset,
  description: DataDescription,
  transforms: readonly Transform[],
  random: RandomStream,
): Promise<DataDescription> {
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
      ...(before?.free ? { free: before.free } : {}),
    };
  }
  return { ...description, spec };
}

async function firstExample(dataset: Dataset): Promise<Example | undefined> {
  if (dataset.size !== undefined) return dataset.size > 0 ? dataset.example(0) : undefined;
  for await (const example of dataset.examples()) return example;
  return undefined;
}
