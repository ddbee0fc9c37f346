// Writes a file so that a reader finds the old content or the new, whole, even after a kill or a power cut.
import { closeSync, fsync, open as openFile, renameSync, writeFileSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder as makeWithParents } from '@potstill/engine';
import { PotstillError } from '../errors/potstill-error.js';

/** The error of a file of the run that could not be written; keeps the system's own as cause. */
export function writeFailed(path: string, cause: unknown): PotstillError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const reason: Record<string, string> = {
    ENOSPC: 'no space left on the device',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EEXIST: 'a part of the path is a file, not a folder',
    EISDIR: 'there is a folder of that name',
  };
  const why = reason[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new PotstillError(
    {
      code: 'RUN_WRITE_FAILED',
      message: `${path} could not be written: ${why}${code && reason[code] ? ` (${code})` : ''}`,
      hint:
        code === 'ENOTDIR' || code === 'EEXIST'
          ? 'Name another folder.'
          : 'Files written before it are whole. Make room or fix the permissions, then use --resume to continue.',
      location: { file: path },
    },
    { cause },
  );
}

/** Creates a folder of the run and those above it; `RUN_WRITE_FAILED` when it cannot. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path);
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}

/** Where a file or folder is made before it is moved to its place. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

/** Removes what a killed process left under a {@link temporaryName} in `folder` or below. Nobody else may be writing there. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (isTemporary(entry.name)) await rm(path, { recursive: true, force: true });
    else if (entry.isDirectory()) await removeLeftovers(path);
  }
}

export function isTemporary(name: string): boolean {
  return /\.\d+\.tmp$/.test(name);
}

/** Names that this process is writing under: two writers of one file are not in each other's way. */
const taken = new Set<string>();

/**
 * Makes a file under another name, by `write`, which leaves it flushed, and moves it to its place. On failure the older file
 * stays as it was and the error is `RUN_WRITE_FAILED`.
 */
async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  let temporary = temporaryName(path);
  for (let other = 2; taken.has(temporary); other++) temporary = temporaryName(`${path}.${other}`);
  taken.add(temporary);
  try {
    await write(temporary);
    renameSync(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeFailed(path, cause);
  } finally {
    taken.delete(temporary);
  }
}

/**
 * Replaces `path` by `content`: temporary name in the same folder, flushed, renamed, folder flushed. On failure the
 * older file stays as it was and the error is `RUN_WRITE_FAILED`.
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  await replaceFile(path, async (temporary) => {
    await makeWithParents(dirname(path));
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
  await flushFolder(dirname(path));
}

/**
 * As {@link writeAtomically}, for many files of one folder that is there, written beside other work of this thread: the
 * only waits are those for the disk. The folder is not flushed: after a power cut the last files may be missing; call {@link flushFolder}.
 */
export async function writeAlongside(path: string, content: Uint8Array): Promise<void> {
  await replaceFile(path, async (temporary) => {
    const file = await create(temporary, 'w');
    try {
      writeFileSync(file, content);
      await flush(file);
    } finally {
      closeSync(file);
    }
  });
}

const create = promisify(openFile);
const flush = promisify(fsync);

/** Makes renames in the folder durable. Windows cannot open folders; there the rename is left to the system. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw writeFailed(folder, cause);
  }
}
