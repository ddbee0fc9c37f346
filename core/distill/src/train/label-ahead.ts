// Asks a teacher about all training examples before a training reads its answers.
import type { RandomStream } from '@potstill/engine';
import type {
  Answers,
  Batch,
  DataDescription,
  KeptOutput,
  Teacher,
  TeacherStore,
} from '../contracts/index.js';
import { lookAhead } from '../data/ahead.js';
import { elementCount } from '../data/arrays.js';
import { batches } from '../data/batches.js';
import { openAnswers } from './open-answers.js';
import { viewKey, viewsOf, type AnswerCache, type PreparedData } from './views.js';

/**
 * Examples that the teacher is asked about at a time: a power of two, so that blocks of the store hold whole ones. About a
 * megabyte of inputs: small examples come in larger batches, beside which a call costs little, and large ones in batches
 * whose hidden values stay in the processor's cache.
 */
function labelBatchOf({ spec, inputs }: DataDescription): number {
  const shapes = inputs.map((field) => spec[field]?.shape ?? []);
  if (shapes.flat().includes(null)) return 128;
  const bytes = shapes.reduce((sum, shape) => sum + 4 * elementCount(shape as number[]), 0);
  const fitting = 2 ** Math.floor(Math.log2(2 ** 20 / Math.max(1, bytes)));
  return Math.min(256, Math.max(64, fitting));
}

export interface LabelOptions {
  readonly data: PreparedData;
  readonly size: number;
  /** As for the training: transforms of views come from it. */
  readonly random: RandomStream;
  /** With the outputs that training reads, and no others. */
  readonly teacher: Teacher;
  readonly store: TeacherStore;
  /** Default `auto`. */
  readonly cache?: AnswerCache;
  /** Epochs of the training: no more views than these are asked about. */
  readonly epochs: number;
  /** Told of answers that are there, of all that will be. */
  readonly onBatch?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Labelled {
  /** Whether answers are kept; where not, the teacher is asked during training. */
  readonly kept: boolean;
  /** Why they are kept or not, in words. */
  readonly why: string;
  /** Answers about examples, those of all views together. */
  readonly total: number;
  /** Of these, answers that the teacher was asked for now. */
  readonly asked: number;
  readonly outputs: readonly KeptOutput[];
}

/**
 * Asks the teacher about every example whose answer is not kept, block by block in the order of the data. Training then
 * reads the answers from the store, so that what a resumed run sees does not depend on how batches were composed before:
 * a runtime may round the last bit of an example by the size of its batch. Nothing is asked where the store does not keep.
 */
export async function labelAhead(options: LabelOptions): Promise<Labelled> {
  const { data, size, random, teacher, store, cache = 'auto', epochs, onBatch, signal } = options;
  const { count, why } = viewsOf(data.transforms, cache);
  if (count === null) return { kept: false, why, total: 0, asked: 0, outputs: [] };
  const views = Math.min(count, epochs);
  const total = views * size;
  let asked = 0;
  let outputs: readonly KeptOutput[] = [];
  for (let view = 0; view < views; view++) {
    const answers = await openAnswers(store, teacher, (each) => viewKey(each, data, random, view), size);
    try {
      if (!answers.keeps)
        return { kept: false, why: 'the store does not keep them', total: 0, asked, outputs: [] };
      let done = view * size;
      for await (const { batch, there } of lookAhead(unlabelled(options, answers, view))) {
        if (signal?.aborted) break;
        if (batch) {
          await answers.fill(batch);
          asked += batch.size;
        }
        done += batch?.size ?? there;
        onBatch?.(done, total);
      }
      if (view === 0) outputs = answers.kept;
    } finally {
      await answers.close();
    }
  }
  return { kept: true, why, total, asked, outputs };
}

/** A batch to ask about, or a number of examples whose answers are there. */
interface Found {
  readonly batch?: Batch;
  readonly there: number;
}

function unlabelled(
  options: LabelOptions,
  answers: Answers,
  view: number,
): AsyncGenerator<Found, void, void> {
  return options.data.dataset.size === undefined
    ? inStream(options, answers, view)
    : inBlocks(options, answers, view);
}

function read({ data, random }: LabelOptions, view: number, order?: Uint32Array): AsyncGenerator<Batch> {
  const { dataset, transforms, name } = data;
  return batches(dataset, {
    size: labelBatchOf(dataset),
    reuse: true,
    ...(order ? { order } : {}),
    transforms,
    random,
    view,
    name,
  });
}

/** A stream is read whole; what is kept is not asked for again. */
async function* inStream(
  options: LabelOptions,
  answers: Answers,
  view: number,
): AsyncGenerator<Found, void, void> {
  for await (const batch of read(options, view)) {
    // Those of like length come together, so that a batch need not hold neighbours.
    const from = batch.indices.reduce((least, index) => Math.min(least, index), Infinity);
    const to = batch.indices.reduce((most, index) => Math.max(most, index + 1), 0);
    const missing = new Set(await answers.missing(from, to));
    yield batch.indices.some((index) => missing.has(index)) ? { batch, there: 0 } : { there: batch.size };
  }
}

/** Blocks that another process has begun to fill come last, so that several share the work. */
async function* inBlocks(
  options: LabelOptions,
  answers: Answers,
  view: number,
): AsyncGenerator<Found, void, void> {
  const { size, data } = options;
  const batch = labelBatchOf(data.dataset);
  const step = Math.max(answers.block, batch);
  const later: number[] = [];
  const missingIn = (from: number) => missingBatches(answers, from, Math.min(size, from + step), batch);
  for (let from = 0; from < size; from += step) {
    const missing = await missingIn(from);
    if (missing.length > 0 && !answers.begin(from)) later.push(from);
    else {
      yield { there: Math.min(size, from + step) - from - missing.length };
      for await (const each of read(options, view, missing)) yield { batch: each, there: 0 };
    }
  }
  for (const from of later) {
    const missing = await missingIn(from);
    yield { there: Math.min(size, from + step) - from - missing.length };
    for await (const each of read(options, view, missing)) yield { batch: each, there: 0 };
  }
}

/** The examples of all label batches of which any is missing, so that each is composed as in an unbroken run. */
async function missingBatches(
  answers: Answers,
  from: number,
  to: number,
  labelBatch: number,
): Promise<Uint32Array> {
  const all = await answers.missing(from, to);
  if (all.length === to - from) return Uint32Array.from(all);
  const batchOf = (index: number) => Math.floor((index - from) / labelBatch);
  const missing = new Set(all.map(batchOf));
  const found: number[] = [];
  for (let index = from; index < to; index++) if (missing.has(batchOf(index))) found.push(index);
  return Uint32Array.from(found);
}
