// Options of batches.
import type { RandomStream } from '@potstill/engine';
import type { Transform } from '../contracts/index.js';

/** `sequential`, `shuffled` (a permutation of the epoch), or the indices themselves. Streams take the first two. */
export type BatchOrder = 'sequential' | 'shuffled' | ArrayLike<number>;

export interface BatchOptions {
  /** Examples a batch; at least 1. */
  readonly size: number;
  /** Default `sequential`. */
  readonly order?: BatchOrder;
  /** Applied to each example in turn. */
  readonly transforms?: readonly Transform[];
  /** The order of epoch e comes from `random.child('order').at(e)`, transforms from `random.child('transform').at(e)`. */
  readonly random: RandomStream;
  /** Counts from 0. Default 0. */
  readonly epoch?: number;
  /** Transforms come from `at(view)` in place of the epoch's, so that several epochs see an example in one form. */
  readonly view?: number;
  /** First batch, to resume in the middle of an epoch. Default 0. */
  readonly start?: number;
  /** Drops a last batch that is not full. Default false. */
  readonly dropLast?: boolean;
  /**
   * Batches are read one at a time, and not after the next has been asked for: their arrays are used again. Default
   * false.
   */
  readonly reuse?: boolean;
  /** The data set's name in errors. Default `data set`. */
  readonly name?: string;
  /** Streams only: examples held back to draw from when shuffled. Default 4096. */
  readonly shuffleBuffer?: number;
}

/** Batches that are composed together where lengths are not known beforehand: so many are read at a time. */
export const windowBatches = 16;

/** Batches of an epoch over `examples` examples. */
export function batchCount(examples: number, size: number, dropLast = false): number {
  return dropLast ? Math.floor(examples / size) : Math.ceil(examples / size);
}
