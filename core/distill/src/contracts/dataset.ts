// Where examples come from, and what may be done to them on the way to a batch.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Example, TensorSpecs } from './tensors.js';

/** Lengths of axes of varying length, by axis name: what a batch is padded to. */
export type Bucket = Readonly<Record<string, number>>;

/** How the numbers of the input field came from raw data; written into exports so that a stranger can run the student. */
export interface Preprocessing {
  /** Order of the axes of one example. `flat`: one axis. */
  readonly layout: 'NHWC' | 'NCHW' | 'flat';
  /** Raw values are multiplied by it first (1/255 for bytes). */
  readonly scale: number;
  /** Subtracted after scaling: one number, or one a channel. */
  readonly mean: readonly number[];
  /** Divided by after the mean is subtracted. */
  readonly std: readonly number[];
}

/**
 * How one column of a table became input numbers, by the training data: what a stranger needs to run the student. A
 * number is `(value - mean) / std`; a category is a 1 at its place among zeros. `fill` stands for a missing value;
 * `indicator`: one more number follows, 1 where the value is missing.
 */
export type ColumnStatistics =
  | {
      readonly column: string;
      readonly as: 'number';
      readonly fill: number;
      readonly mean: number;
      readonly std: number;
      readonly indicator: boolean;
    }
  | {
      readonly column: string;
      readonly as: 'category';
      readonly fill: string;
      readonly categories: readonly string[];
      readonly indicator: boolean;
    };

/** What a data set says of itself: enough to build a student and to check a teacher before anything runs. */
export interface DataDescription {
  /** Fields of an example. */
  readonly spec: TensorSpecs;
  /** Fields that students and teachers take. */
  readonly inputs: readonly string[];
  /** The field with the truth, when there is one: int32 class number for classification. */
  readonly target?: string;
  /**
   * The kind of problem, as the name of a component: `classification`, `regression`. A recipe may choose another. Default:
   * by the target, see `defaultTask`.
   */
  readonly task?: string;
  /**
   * Class names, in the order of the class numbers: a target k means `labels[k]`, and every target is from 0 to
   * `labels.length - 1`. Anything else is refused when the data is opened or read, with the one exception of
   * `unlabelled`. Parts of the data are matched by these names (in Unicode form NFC), not by number.
   */
  readonly labels?: readonly string[];
  /**
   * True where some examples have no truth, as transfer data. Their target is -1 (int32) or NaN (float32), and empty where
   * an axis is free that no other field has: losses and metrics leave them out. Only training data may have them. Default false: -1 is an error
   * like any other number that is no class.
   */
  readonly unlabelled?: boolean;
  /**
   * A field, int32, that is 1 where an example has its truth and 0 where not. There when the training data are joined
   * with transfer data: for losses whose target may be empty and true.
   */
  readonly labelled?: string;
  readonly preprocessing?: Preprocessing;
  /** Columns behind the first input, in order, where that is made of a table's columns. */
  readonly columns?: readonly ColumnStatistics[];
  /**
   * Names of groups (languages, speakers), by field: the field, int32, holds an index into them. For splits that keep
   * groups together, samplers and figures by group.
   */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Changes when the content changes; part of every key under which results are kept. */
  readonly fingerprint: string;
  /** Source and licence, for the report. */
  readonly source?: string;
}

/** How often an epoch draws each example, relative to others. */
export interface Sampling {
  /** `size` numbers of at least 0; their sum is not 0. */
  readonly weights: ArrayLike<number>;
  /** `size` whole numbers: examples of one stratum together are drawn as often as their weights say, to within one. */
  readonly strata?: ArrayLike<number>;
  /**
   * `size` whole numbers: an epoch has pairs of examples of one number, next to each other, for losses that compare them. The
   * first of a pair is drawn by weight, the second among all others of its number; of a number that stands once it is the same example.
   */
  readonly pairs?: ArrayLike<number>;
}

interface DatasetBase extends DataDescription {
  /**
   * Examples left out because they cannot be used (`onError: skip`), as path and the words that follow it: `is empty`.
   * The run tells how many there are and names the first; the data set need not.
   */
  readonly skipped?: readonly { readonly path: string; readonly reason: string }[];
  /**
   * What batches are padded to, ascending in every axis: the first that holds all examples of the batch. A run chooses
   * them from the lengths; a data set need not. Unset: the longest example of each batch.
   */
  readonly buckets?: readonly Bucket[];
  dispose?(): Promise<void>;
}

/** Random access: the ordinary kind. */
export interface IndexedDataset extends DatasetBase {
  readonly size: number;
  /**
   * Class number of each example, where it is known without reading examples: `size` whole numbers, those of the target
   * field. Checks and samples use it.
   */
  readonly targets?: ArrayLike<number>;
  /**
   * Length of each example along axes of varying length, by axis name, where it is known without reading examples:
   * `size` whole numbers each. Batches of like length are then composed over the whole epoch.
   */
  readonly lengths?: Readonly<Record<string, ArrayLike<number>>>;
  /**
   * The group of each example, by field of `groups`, where it is known without reading examples: `size` indices each. Of
   * other int32 fields of one number, such as `labelled`, the numbers.
   */
  readonly groupIndices?: Readonly<Record<string, ArrayLike<number>>>;
  /** Unset: an epoch of training has each example once. */
  readonly sampling?: Sampling;
  /**
   * The same examples with statistics (mean, categories) of these alone. Offered by training data that computes some; a
   * run calls it when it trains on a part of the examples, before it reads any.
   */
  fitTo?(indices: ArrayLike<number>): IndexedDataset;
  example(index: number): Promise<Example>;
  /**
   * Faster than one by one where the data lies in memory. `spare` is an earlier batch that nobody reads any more: its
   * arrays may be written over instead of new ones, which is faster still. A data set need not.
   */
  batch?(indices: ArrayLike<number>, spare?: Batch): Promise<Batch>;
}

/** A stream whose length is unknown beforehand. */
export interface StreamDataset extends DatasetBase {
  readonly size?: undefined;
  examples(): AsyncIterable<Example>;
}

export type Dataset = IndexedDataset | StreamDataset;

/**
 * Changes an example on its way to a batch (augmentation). Random numbers come from `random`, the stream of
 * (seed, epoch, example), so that neither order nor batch size changes what an example becomes.
 */
export interface Transform {
  /** Part of the key of stored teacher outputs. */
  readonly fingerprint: string;
  /** False when the result depends on the example alone, so that teacher outputs may be kept between epochs. */
  readonly random: boolean;
  apply(example: Example, random: RandomStream): Example;
}
