// Files of answers that were computed elsewhere, by their extension.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { readArrow } from './arrow.js';
import { reasonOf, teacherInvalid } from '../invalid.js';
import { NotReadable, type Column } from './column.js';
import { readNpy, readNpz } from './numpy.js';
import { readParquet } from './parquet.js';
import { readSafetensors } from './safetensors.js';

type Columns = ReadonlyMap<string, () => Column | Promise<Column>>;

/** The single array of a .npy file has no name. */
const onlyArray = 'array';

const readers: Readonly<Record<string, (bytes: Uint8Array) => Columns>> = {
  '.npy': (bytes) => new Map([[onlyArray, () => readNpy(bytes)]]),
  '.npz': readNpz,
  '.safetensors': readSafetensors,
  '.arrow': readArrow,
  '.feather': readArrow,
  '.parquet': readParquet,
};

export interface AnswerFile {
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Names of its arrays or columns. */
  readonly names: readonly string[];
  /** TEACHER_INVALID where there is no such column, or it does not hold numbers. */
  column(name: string): Promise<Column>;
}

/** @throws PotstillError TEACHER_INVALID where the file cannot be read. */
export async function openAnswerFile(path: string): Promise<AnswerFile> {
  const extension = extname(path).toLowerCase();
  const read = readers[extension];
  if (!read)
    throw teacherInvalid(
      `${path} is not a file of answers that can be read`,
      `answers are read from ${Object.keys(readers).join(', ')}`,
    );
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw teacherInvalid(`the answers ${path} cannot be read: ${reasonOf(cause)}`, undefined, cause);
  });
  const named = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      // Others are a reader's own, of damaged bytes.
      throw teacherInvalid(
        `${path}: ${cause instanceof NotReadable ? cause.message : reasonOf(cause)}`,
        undefined,
        cause,
      );
    }
  };
  const columns = await named(() => read(bytes));
  const names = [...columns.keys()];
  return {
    path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    names,
    async column(name) {
      const load = columns.get(name);
      if (load) return named(load);
      throw teacherInvalid(`${path} has no \`${name}\`; it has ${names.join(', ') || 'nothing'}`);
    },
  };
}
