// The training data as a training reads it: shuffled batches of an epoch with what the teacher says of them.
import type { HostTensors, RandomStream } from '@potstill/engine';
import type { Answers, Batch, Teacher, TeacherStore } from '../contracts/index.js';
import { batches } from '../data/batches.js';
import { fitAnswers } from '../data/fit.js';
import { onlyOutputs } from '../store/index.js';
import { openAnswers } from './open-answers.js';
import { viewKey, viewsOf, type AnswerCache, type PreparedData } from './views.js';

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
  /** Frees what was opened for reading. */
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly data: PreparedData;
  readonly size: number;
  readonly batch: number;
  /** Order and transforms of epoch e come from it; see `batches`. */
  readonly random: RandomStream;
  readonly teacher: Teacher | undefined;
  readonly store: TeacherStore;
  /** Default `auto`. */
  readonly cache?: AnswerCache;
}

/** Answers are opened once, when an epoch first needs them, and stay open until the source is closed. */
export function trainingSource(options: SourceOptions): TrainingSource {
  const { data, size, batch, random, teacher, store, cache = 'auto' } = options;
  const { dataset, transforms, name, shuffleWindow } = data;
  const views = viewsOf(transforms, cache);
  const opened = new Map<string, Promise<Answers>>();
  const answersOf = (outputs: readonly string[], view: number | null): Promise<Answers> => {
    if (!teacher) throw new Error('internal: a loss needs a teacher and there is none');
    const id = JSON.stringify([view, outputs]);
    let answers = opened.get(id);
    if (!answers) {
      const asked = onlyOutputs(teacher, outputs);
      const keyOf = (each: Teacher) => (view === null ? null : viewKey(each, data, random, view));
      answers = openAnswers(store, asked, keyOf, size);
      opened.set(id, answers);
    }
    return answers;
  };
  const fitted = async (answers: Answers, read: Batch): Promise<HostTensors> =>
    fitAnswers(await answers.read(read), teacher?.outputs ?? {}, read, dataset.spec);
  return {
    size,
    batch,
    async *epoch(epoch, start, teacherOutputs) {
      const asks = teacherOutputs.length > 0;
      const view = asks && views.count !== null ? epoch % views.count : null;
      const answers = asks ? await answersOf(teacherOutputs, view) : undefined;
      for await (const read of batches(dataset, {
        size: batch,
        order: 'shuffled',
        transforms,
        random,
        epoch,
        start,
        name,
        reuse: true,
        ...(view === null ? {} : { view }),
        ...(shuffleWindow === undefined ? {} : { shuffleBuffer: shuffleWindow }),
      }))
        yield { batch: read, teacher: answers ? await fitted(answers, read) : {} };
    },
    async close() {
      const all = [...opened.values()];
      opened.clear();
      for (const answers of await Promise.allSettled(all))
        if (answers.status === 'fulfilled') await answers.value.close();
    },
  };
}
