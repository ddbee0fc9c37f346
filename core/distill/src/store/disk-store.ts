// The teacher store on disk: answers outlive the process and are shared by all runs of a runs folder.
import { statfs } from 'node:fs/promises';
import type { TeacherStore } from '../contracts/index.js';
import { DiskAnswers } from './disk-answers.js';
import type { Encoding } from './encoding.js';
import { answersOf, liveAnswers } from './memory-store.js';
import type { AboutAnswers } from './output-shards.js';
import { StoreResources } from './shared.js';

export interface DiskStoreOptions {
  /** Made when the first answers are kept. */
  readonly folder: string;
  /** One for all outputs (`top` for `logits` alone, others exact), or by output. Default `float32`. */
  readonly encoding?: Encoding | Readonly<Record<string, Encoding>>;
  /** Bytes of answers that may stay in memory while they are read. Default 128 MiB. */
  readonly memory?: number;
  /** Whose answers they are, as `potstill store ls` tells it. */
  readonly about?: AboutAnswers;
  /** Told where the answers would take more than half of the free space, and are not kept. */
  readonly onTooLarge?: (bytes: number, free: number) => void;
  /** Told of each file that is damaged; its examples are asked for again. */
  readonly onDamaged?: (path: string, reason: string) => void;
}

const unknown: AboutAnswers = { recipe: 'unknown', teacher: 'unknown', data: 'unknown' };

/** Keeps the answers about data whose examples look the same each time; others go to the teacher each time. */
export function diskTeacherStore(options: DiskStoreOptions): TeacherStore {
  const { folder, about = unknown, onDamaged = () => undefined } = options;
  const resources = new StoreResources(options.memory ?? 128 * 2 ** 20);
  return {
    async open({ key, teacher, size }) {
      if (key === null || size === 0) return liveAnswers(teacher, size);
      const answers = await DiskAnswers.open({
        folder,
        key,
        outputs: teacher.outputs,
        encodingOf: (output) => encodingOf(options.encoding, output),
        size,
        about,
        resources,
        onDamaged,
        ask: (batch) => answersOf(teacher, batch),
      });
      const { bavail, bsize } = await statfs(folder);
      if (answers.bytesLeft <= (bavail * bsize) / 2) return answers;
      options.onTooLarge?.(answers.bytesLeft, bavail * bsize);
      await answers.close();
      return liveAnswers(teacher, size);
    },
  };
}

function encodingOf(encoding: DiskStoreOptions['encoding'], output: string): Encoding {
  if (encoding === undefined || typeof encoding === 'string') return encoding ?? 'float32';
  if (!isTop(encoding)) return encoding[output] ?? 'float32';
  return output === 'logits' ? encoding : 'float32';
}

function isTop(encoding: object): encoding is { readonly top: number } {
  return typeof (encoding as { readonly top?: unknown }).top === 'number';
}
