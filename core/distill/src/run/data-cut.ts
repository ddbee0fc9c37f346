// What a recipe takes of a data set: `limit`, `data.classes`, `data.split`, `data.sampler`. The same for every kind of data set.
import type { RandomStream } from '@potstill/engine';
import type { DataDescription, Dataset, IndexedDataset, Sampling } from '../contracts/index.js';
import {
  classIndex,
  descriptionOf,
  fieldValues,
  groupSampling,
  mapClassNames,
  remapClasses,
  shareSampling,
  splitByClass,
  splitByGroup,
  SplitImpossible,
  subset,
  type Split,
} from '../data/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import type { DataPlan, SamplerPlan, SplitPlan } from '../recipe/plan.js';

/** What is taken of one part. */
export interface Cut {
  readonly limit: number | undefined;
  readonly classes: DataPlan['classes'];
}

/** The training data and what is taken out of it. */
export interface CutTraining {
  readonly train: Dataset;
  /** Validation and test data of `data.split`. */
  readonly parts: Readonly<Record<string, Dataset>>;
  /** As the other parts are made by: with the statistics of the training examples, before the class map. */
  readonly described: DataDescription;
}

/** The first `limit` examples that no class map leaves out, with the classes that it makes. */
export async function cutPart(dataset: Dataset, { limit, classes }: Cut): Promise<Dataset> {
  if (dataset.size === undefined) return cutStream(dataset, { limit, classes });
  const kept = await keptBy(dataset, { limit, classes });
  return withClasses(kept ? subset(dataset, kept) : dataset, classes);
}

/**
 * The same for the training data, and the parts of `split`. Statistics are learnt from the training examples alone.
 * @throws PotstillError RECIPE_BAD_VALUE where the split cannot be had, DATA_UNSUPPORTED for streams.
 */
export async function cutTraining(
  dataset: Dataset,
  cut: Cut,
  split: SplitPlan | undefined,
  random: RandomStream,
): Promise<CutTraining> {
  if (dataset.size === undefined) {
    if (split) throw unsupported('split', 'a stream cannot be split: its examples are not known beforehand');
    return { train: await cutPart(dataset, cut), parts: {}, described: descriptionOf(dataset) };
  }
  const kept = await keptBy(dataset, cut);
  const chosen = kept ? subset(dataset, kept) : dataset;
  const parts = split ? await splitOf(chosen, split, random) : undefined;
  const place = (indices: Uint32Array) => (kept ? indices.map((at) => kept[at] as number) : indices);
  const training = parts ? place(parts.train) : kept;
  const fitted = (training && dataset.fitTo?.(training)) ?? dataset;
  const taken = (indices: Uint32Array | undefined) =>
    withClasses(indices ? subset(fitted, indices) : fitted, cut.classes);
  return {
    train: taken(training),
    parts: Object.fromEntries(
      Object.entries(parts?.parts ?? {}).map(([name, indices]) => [name, taken(place(indices))]),
    ),
    described: descriptionOf(fitted),
  };
}

/** Undefined: all. */
async function keptBy(dataset: IndexedDataset, { limit, classes }: Cut): Promise<Uint32Array | undefined> {
  const { target, labels } = dataset;
  const dropped = new Set(
    classes && labels && target !== undefined
      ? mapClassNames(labels, classes).numbers.flatMap((number, k) => (number < 0 ? [k] : []))
      : [],
  );
  if (dropped.size === 0 && (limit === undefined || limit >= dataset.size)) return undefined;
  const targets = dropped.size > 0 && target !== undefined ? await fieldValues(dataset, target) : undefined;
  const kept: number[] = [];
  for (let index = 0; index < dataset.size && kept.length < (limit ?? Infinity); index++)
    if (!targets || !dropped.has(targets[index] as number)) kept.push(index);
  return Uint32Array.from(kept);
}

function withClasses<T extends Dataset>(dataset: T, classes: Cut['classes']): T | Dataset {
  const { labels, target } = dataset;
  if (!classes || !labels || target === undefined) return dataset;
  const { labels: names, numbers } = mapClassNames(labels, classes);
  return remapClasses(dataset, numbers, names);
}

function cutStream(dataset: Dataset & { readonly size?: undefined }, { limit, classes }: Cut): Dataset {
  const { labels, target } = dataset;
  const mapped = withClasses(dataset, classes) as typeof dataset;
  if (limit === undefined && mapped === dataset) return dataset;
  const numbers = classes && labels ? mapClassNames(labels, classes).numbers : undefined;
  return {
    ...descriptionOf(mapped),
    ...(dataset.skipped ? { skipped: dataset.skipped } : {}),
    ...(dataset.dispose ? { dispose: () => dataset.dispose?.() ?? Promise.resolve() } : {}),
    async *examples() {
      let left = limit ?? Infinity;
      for await (const example of mapped.examples()) {
        if (left <= 0) return;
        // A class that is left out has become -1.
        if (numbers && target !== undefined && example[target]?.data[0] === -1) continue;
        left--;
        yield example;
      }
    },
  };
}

async function splitOf(dataset: IndexedDataset, split: SplitPlan, random: RandomStream): Promise<Split> {
  const { by, seed, validation, test } = split;
  const shares = {
    ...(test === undefined ? {} : { test }),
    ...(validation === undefined ? {} : { validation }),
  };
  const stream = random.child('split').at(seed >>> 0);
  try {
    const classes = await classesOf(dataset);
    if (by === undefined) return splitByClass(classes, shares, stream);
    const { train, parts } = splitByGroup(await fieldOf(dataset, by, 'split.by'), shares, stream);
    // Figures need a truth; without one, a row of a group that is held out is no use.
    const labelled = (index: number) => (classes[index] as number) >= 0;
    return {
      train,
      parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.filter(labelled)])),
    };
  } catch (error) {
    if (!(error instanceof SplitImpossible)) throw error;
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `\`data.split\`: ${error.message}`,
      path: 'data.split',
      hint: 'Take fewer examples, or split by another field.',
    });
  }
}

/** Class number of each example, 0 where there are no classes; negative: it has no truth. */
async function classesOf(dataset: IndexedDataset): Promise<ArrayLike<number>> {
  const { target, labelled, spec, size } = dataset;
  const classes = target !== undefined && spec[target]?.dtype === 'int32';
  const values = classes ? await fieldValues(dataset, target) : undefined;
  if (values) return values;
  const known = labelled === undefined ? undefined : await fieldValues(dataset, labelled);
  return known ? Int32Array.from(Array.from(known), (value) => value - 1) : new Int32Array(size);
}

/** Whole numbers of a field, by which examples are put together. */
async function fieldOf(dataset: IndexedDataset, field: string, option: string): Promise<ArrayLike<number>> {
  const known = Object.entries(dataset.spec).flatMap(([name, { dtype, shape }]) =>
    dtype === 'int32' && shape.length === 0 ? [name] : [],
  );
  const values = known.includes(field) ? await fieldValues(dataset, field) : undefined;
  if (values) return values;
  const record: ErrorRecord = {
    code: 'RECIPE_BAD_VALUE',
    message: `\`data.${option}\` names \`${field}\`, and the training data has no such field of whole numbers`,
    path: `data.${option}`,
    ...allowedWords(field, known),
  };
  const meant = didYouMean(field, known);
  throw new PotstillError({
    ...record,
    ...(meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` }),
  });
}

function unsupported(option: string, problem: string): PotstillError {
  return new PotstillError({
    code: 'DATA_UNSUPPORTED',
    message: `\`data.${option}\`: ${problem}`,
    path: `data.${option}`,
  });
}

/** The training data drawn as the recipe says. Undefined: as the data set says itself. */
export async function withSampler(dataset: Dataset, sampler: SamplerPlan | undefined): Promise<Dataset> {
  if (sampler === undefined) return dataset;
  if (dataset.size === undefined)
    throw unsupported('sampler', 'a stream is read in its own order, within the window of `data.shuffle`');
  const sampling = await samplingOf(dataset, sampler);
  const all = Uint32Array.from({ length: dataset.size }, (_, i) => i);
  const { sampling: _own, fingerprint: _print, ...same } = subset(dataset, all);
  // Which examples there are has not changed, and neither have the teacher's answers about them.
  return { ...same, fingerprint: dataset.fingerprint, ...(sampling ? { sampling } : {}) };
}

async function samplingOf(dataset: IndexedDataset, sampler: SamplerPlan): Promise<Sampling | undefined> {
  if (sampler === 'uniform') return undefined;
  if (sampler === 'class-balanced') {
    const { target } = dataset;
    if (target === undefined)
      throw unsupported('sampler', 'the training data has no target, and so no classes to balance');
    return groupSampling(await fieldOf(dataset, target, 'sampler'), Infinity);
  }
  if (sampler === 'pairs') {
    const { target } = dataset;
    if (target === undefined)
      throw unsupported('sampler', 'the training data has no target, and so no pairs of one class');
    if (dataset.lengths)
      throw unsupported('sampler', 'batches are composed by length, and pairs would not stay together');
    const pairs = await fieldOf(dataset, target, 'sampler');
    return { weights: new Float64Array(dataset.size).fill(1), pairs };
  }
  if ('by' in sampler)
    return groupSampling(await fieldOf(dataset, sampler.by, 'sampler.by'), sampler.temperature ?? Infinity);
  if ('classes' in sampler) return sharesOf(dataset, sampler.classes);
  const weights = await fieldValues(dataset, sampler.weight);
  if (!weights)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `\`data.sampler.weight\` names \`${sampler.weight}\`, and the training data has no such field of one number`,
      path: 'data.sampler.weight',
      ...allowedWords(
        sampler.weight,
        Object.keys(dataset.spec).filter((name) => dataset.spec[name]?.shape.length === 0),
      ),
    });
  const wrong = Array.from(weights).findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong >= 0)
    throw new PotstillError({
      code: 'DATA_DAMAGED',
      message: `train: example ${wrong} has the weight ${weights[wrong]} in \`${sampler.weight}\`, expected a number of at least 0`,
      path: 'data.sampler.weight',
    });
  if (!Array.from(weights).some((weight) => weight > 0))
    throw new PotstillError({
      code: 'DATA_DAMAGED',
      message: `train: every weight in \`${sampler.weight}\` is 0`,
      path: 'data.sampler.weight',
    });
  return { weights };
}

async function sharesOf(
  dataset: IndexedDataset,
  shares: Readonly<Record<string, number>>,
): Promise<Sampling> {
  const { target, labels } = dataset;
  if (target === undefined || !labels)
    throw unsupported('sampler', 'the training data names no classes, and so there are none to have shares');
  const byNumber = new Map<number, number>();
  for (const [name, share] of Object.entries(shares)) {
    const at = classIndex(labels, name);
    const meant = didYouMean(name, labels);
    if (at < 0)
      throw new PotstillError({
        code: 'RECIPE_BAD_VALUE',
        message: `\`data.sampler.classes\` names \`${name}\`, which is no class of the training data`,
        path: `data.sampler.classes.${name}`,
        ...(meant === undefined ? {} : { hint: `did you mean \`${meant}\`?` }),
        ...allowedWords(name, labels),
      });
    byNumber.set(at, share);
  }
  const sampling = shareSampling(await fieldOf(dataset, target, 'sampler'), byNumber);
  if (sampling) return sampling;
  const sum = Object.values(shares).reduce((all, share) => all + share, 0);
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `\`data.sampler.classes\`: the shares of all classes sum to ${Number(sum.toFixed(6))}, and no class is left for the rest of an epoch`,
    path: 'data.sampler.classes',
    hint: 'Give shares that sum to 1, or leave a class out.',
  });
}
