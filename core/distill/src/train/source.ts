// The training data as a training reads it: shuffled batches of an epoch with what the teacher says of them.
import type { HostTensors, RandomStream } from '@potstill/engine';
import type { Answers, Batch, Dataset, Teacher, TeacherStore, Transform } from '../contracts/index.js';
import { batches } from '../data/batches.js';
import { fingerprint } from '../data/fingerprint.js';
import { onlyOutputs } from '../store/index.js';

/** Pure: the same arguments give the same numbers, whatever was read before. */
export interface TrainingSource {
  /** Examples in an epoch. */
  readonly size: number;
  /** Examples a batch; the last of an epoch may be smaller. */
  readonly batch: number;
  /** The batches of an epoch (from 0), beginning with number `start`. `teacherOutputs` empty: the teacher is not asked. */
  epoch(
    epoch: number,
    start: number,
    teacherOutputs: readonly string[],
  ): AsyncIterable<{ readonly batch: Batch; readonly teacher: HostTensors }>;
}

/** A data set with what is done to its examples. */
export interface PreparedData {
  readonly dataset: Dataset;
  readonly transforms: readonly Transform[];
  /** As errors call it: `train`. */
  readonly name: string;
  /** Of a stream: examples held back to draw from when shuffled. Default: see `batches`. */
  readonly shuffleWindow?: number;
}

/** Under which key the teacher's outputs for this data are kept; null when transforms make them differ between epochs. */
export function teacherKey(teacher: Teacher, { dataset, transforms }: PreparedData): string | null {
  if (transforms.some((transform) => transform.random)) return null;
  return fingerprint(
    teacher.fingerprint,
    dataset.fingerprint,
    transforms.map((transform) => transform.fingerprint),
  );
}

export interface SourceOptions {
  readonly data: PreparedData;
  readonly size: number;
  readonly batch: number;
  /** Order and transforms of epoch e come from it; see `batches`. */
  readonly random: RandomStream;
  readonly teacher: Teacher | undefined;
  readonly store: TeacherStore;
}

export function trainingSource(options: SourceOptions): TrainingSource {
  const { data, size, batch, random, teacher, store } = options;
  return {
    size,
    batch,
    async *epoch(epoch, start, teacherOutputs) {
      const { dataset, transforms, name, shuffleWindow } = data;
      const asked = teacherOutputs.length > 0 ? teacher && onlyOutputs(teacher, teacherOutputs) : undefined;
      if (teacherOutputs.length > 0 && !asked)
        throw new Error('internal: a loss needs a teacher and there is none');
      const answers = asked && (await store.open({ key: teacherKey(asked, data), teacher: asked, size }));
      try {
        for await (const read of batches(dataset, {
          size: batch,
          order: 'shuffled',
          transforms,
          random,
          epoch,
          start,
          name,
          ...(shuffleWindow === undefined ? {} : { shuffleBuffer: shuffleWindow }),
        }))
          yield { batch: read, teacher: (await answers?.read(read)) ?? {} };
      } finally {
        answers?.close();
      }
    },
  };
}

/** Examples that the teacher is asked about at a time: a power of two, so that blocks of the store hold whole ones. */
const labelBatch = 128;

/**
 * Asks the teacher about every example whose answer is not kept, in the order of the data. Training then reads the
 * answers from the store, so that what a resumed run sees does not depend on how batches were composed before: a
 * runtime may round the last bit of an example by the size of its batch. `teacher` has the outputs that training reads,
 * and no others. Nothing is asked where the store does not keep.
 */
export async function labelAhead(
  options: Omit<SourceOptions, 'teacher' | 'batch'> & {
    readonly teacher: Teacher;
    readonly onBatch?: (done: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { data, size, random, teacher, store, onBatch, signal } = options;
  const answers = await store.open({ key: teacherKey(teacher, data), teacher, size });
  try {
    if (!answers.keeps) return;
    const missing = await missingBatches(answers, size);
    let done = size - missing.length;
    onBatch?.(done);
    if (missing.length === 0) return;
    for await (const read of batches(data.dataset, {
      size: labelBatch,
      // A stream is read whole; what is kept is not asked for again.
      ...(data.dataset.size === undefined ? {} : { order: missing }),
      transforms: data.transforms,
      random,
      name: data.name,
    })) {
      if (signal?.aborted) return;
      await answers.read(read);
      done = Math.min(size, done + read.size);
      onBatch?.(done);
    }
  } finally {
    answers.close();
  }
}

/** The examples of all label batches of which any is missing, so that each is composed as in an unbroken run. */
async function missingBatches(answers: Answers, size: number): Promise<Uint32Array> {
  const found: number[] = [];
  for (let from = 0; from < size; from += labelBatch) {
    const to = Math.min(size, from + labelBatch);
    if ((await answers.missing(from, to)).length > 0) for (let i = from; i < to; i++) found.push(i);
  }
  return Uint32Array.from(found);
}
