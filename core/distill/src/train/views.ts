// How many views of each example a training sees, and under which key a teacher's answers about a view are kept.
import type { RandomStream } from '@potstill/engine';
import type { Dataset, Teacher, Transform } from '../contracts/index.js';
import { fingerprint } from '../data/fingerprint.js';

/** A data set with what is done to its examples. */
export interface PreparedData {
  readonly dataset: Dataset;
  readonly transforms: readonly Transform[];
  /** As errors call it: `train`. */
  readonly name: string;
  /** Of a stream: examples held back to draw from when shuffled. Default: see `batches`. */
  readonly shuffleWindow?: number;
}

/** Whether answers are kept: chosen by the data, never, or for so many views of each example. */
export type AnswerCache = 'auto' | 'never' | { readonly epochs: number };

export interface Views {
  /** Views of each example, used in turn by epochs; null: each epoch has its own, and answers are not kept. */
  readonly count: number | null;
  /** In words. */
  readonly why: string;
}

export function viewsOf(transforms: readonly Transform[], cache: AnswerCache): Views {
  if (cache === 'never') return { count: null, why: '`teacher.cache` is `never`' };
  if (!transforms.some(({ random }) => random))
    return { count: 1, why: 'examples look the same in each epoch' };
  if (cache !== 'auto')
    return { count: cache.epochs, why: `\`teacher.cache\` asks for ${cache.epochs} views of each example` };
  return {
    count: null,
    why: 'random transforms make examples look different in each epoch; `teacher.cache: { epochs: 4 }` keeps four views of each',
  };
}

/** Under which key the teacher's outputs for this data are kept; null when transforms make them differ between epochs, or training does. */
export function teacherKey(teacher: Teacher, { dataset, transforms }: PreparedData): string | null {
  if (teacher.graph && !teacher.graph.fixed) return null;
  if (transforms.some((transform) => transform.random)) return null;
  return fingerprint(
    teacher.fingerprint,
    dataset.fingerprint,
    transforms.map((transform) => transform.fingerprint),
  );
}

/** The key of one view, which the transforms make with the stream that `random` has for it; see `BatchOptions`. */
export function viewKey(teacher: Teacher, data: PreparedData, random: RandomStream, view: number): string {
  const { dataset, transforms } = data;
  return (
    teacherKey(teacher, data) ??
    fingerprint(
      teacher.fingerprint,
      dataset.fingerprint,
      transforms.map((transform) => transform.fingerprint),
      ['view', ...random.child('transform').at(view).bits(4)],
    )
  );
}
