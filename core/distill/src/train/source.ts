// The training data as a training reads it: shuffled batches of an epoch with what the teacher says of them.
import type { HostTensors, RandomStream } from '@potstill/engine';
import type { Batch, Dataset, Teacher, TeacherStore, Transform } from '../contracts/index.js';
import { batches } from '../data/batches.js';
import { fingerprint } from '../data/fingerprint.js';
import { onlyOutputs } from '../teach/index.js';

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
      const { dataset, transforms, name } = data;
      const asked = teacher && onlyOutputs(teacher, teacherOutputs);
      const key = asked ? teacherKey(asked, data) : null;
      for await (const read of batches(dataset, {
        size: batch,
        order: 'shuffled',
        transforms,
        random,
        epoch,
        start,
        name,
      })) {
        if (teacherOutputs.length === 0) yield { batch: read, teacher: {} };
        else if (!asked) throw new Error('internal: a loss needs a teacher and there is none');
        else yield { batch: read, teacher: await store.outputs(key, asked, read) };
      }
    },
  };
}

/**
 * Asks the teacher about every example once, in the order of the data, when its outputs can be kept. Training then
 * reads them from the store, so that what a resumed run sees does not depend on how batches were composed before:
 * a runtime may round the last bit of an example by the size of its batch. `teacher` has the outputs that training
 * reads, and no others.
 */
export async function labelAhead(
  options: Omit<SourceOptions, 'teacher'> & {
    readonly teacher: Teacher;
    readonly onBatch?: (done: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { data, batch, random, teacher, store, onBatch, signal } = options;
  const key = teacherKey(teacher, data);
  if (key === null) return;
  let done = 0;
  for await (const read of batches(data.dataset, {
    size: batch,
    transforms: data.transforms,
    random,
    name: data.name,
  })) {
    if (signal?.aborted) return;
    await store.outputs(key, teacher, read);
    done += read.size;
    onBatch?.(done);
  }
}
