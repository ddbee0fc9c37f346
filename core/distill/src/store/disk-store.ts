// The teacher store on disk: answers outlive the process and are shared by all runs of a runs folder.
import { statfs } from 'node:fs/promises';
import type { Teacher, TeacherStore } from '../contracts/index.js';
import { elementCount } from '../data/arrays.js';
import { makeFolder } from '../files/write-atomically.js';
import { DiskAnswers } from './disk-answers.js';
import type { Encoding } from './encoding.js';
import { answersOf, liveAnswers } from './memory-store.js';

export interface DiskStoreOptions {
  /** Made when the first answers are kept. */
  readonly folder: string;
  /** By output. Default `float32`. */
  readonly encoding?: Readonly<Record<string, Encoding>>;
  /** Bytes of answers that may stay in memory while they are read. Default 256 MiB. */
  readonly memory?: number;
  /** Told where the answers would take more than half of the free space, and are not kept. */
  readonly onTooLarge?: (bytes: number, free: number) => void;
  /** Told of each file that is damaged; its examples are asked for again. */
  readonly onDamaged?: (path: string, reason: string) => void;
}

/** Keeps the answers about data whose examples look the same each time; others go to the teacher each time. */
export function diskTeacherStore(options: DiskStoreOptions): TeacherStore {
  return {
    async open({ key, teacher, size }) {
      if (key === null || size === 0) return liveAnswers(teacher, size);
      await makeFolder(options.folder);
      const { bavail, bsize } = await statfs(options.folder);
      const bytes = size * bytesOf(teacher);
      if (bytes > (bavail * bsize) / 2) {
        options.onTooLarge?.(bytes, bavail * bsize);
        return liveAnswers(teacher, size);
      }
      return DiskAnswers.open({
        ...options,
        key,
        outputs: teacher.outputs,
        size,
        ask: (batch) => answersOf(teacher, batch),
      });
    },
  };
}

/** Of one example's answers as float32; axes of varying length count as 1. */
function bytesOf({ outputs }: Teacher): number {
  return Object.values(outputs).reduce(
    (sum, { shape }) => sum + 4 * elementCount(shape.map((length) => length ?? 1)),
    0,
  );
}
