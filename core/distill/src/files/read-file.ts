// Reads a file of a run: its bytes, undefined when there is none, and an error that names it for all else.
import { readFile } from 'node:fs/promises';
import { PotstillError } from '../errors/potstill-error.js';

/** `RUN_CHECKPOINT_DAMAGED`: the file exists and is not what potstill wrote. `hint` must be true of this very file. */
export function damagedFile(path: string, why: string, hint: string, cause?: unknown): PotstillError {
  return new PotstillError(
    { code: 'RUN_CHECKPOINT_DAMAGED', message: `${path}: ${why}`, hint, location: { file: path } },
    { cause },
  );
}

const reasons: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EACCES: [
    'permission denied',
    'Make it readable for this user (chmod u+r), or run as the user who wrote it.',
  ],
  EPERM: ['permission denied', 'Make it readable for this user, or run as the user who wrote it.'],
  EISDIR: ['a folder of that name is in its place', 'Move the folder away.'],
  ELOOP: ['it is a link that leads to itself', 'Remove the link.'],
  EMFILE: ['too many files are open', 'Close other programs or raise the limit (ulimit -n).'],
  EIO: ['the disk reported an error', 'Check the disk; copy the run folder to another one.'],
};

/** The bytes of a file; undefined when it does not exist. One that cannot be read is `RUN_CHECKPOINT_DAMAGED`. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    return notThere(path, cause);
  }
}

/** Undefined for the error of a file that does not exist; throws for every other. */
export function notThere(path: string, cause: unknown): undefined {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  const [why, hint] = reasons[code] ?? [message, 'Check the disk and the permissions of the file.'];
  throw damagedFile(path, `the file cannot be read: ${why}${code === '' ? '' : ` (${code})`}`, hint, cause);
}
