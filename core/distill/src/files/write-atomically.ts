// Writes a file so that a reader finds the old content or the new, whole, even after a kill or a power cut.
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/**
 * Replaces `path` by `content`: temporary name in the same folder, flushed, renamed, folder flushed. On failure the
 * older file stays as it was and the error is `RUN_WRITE_FAILED`.
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryName(path);
  try {
    await makeWithParents(folder);
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await flushFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeFailed(path, cause);
  }
}

/** Makes the rename itself durable. Windows cannot open folders; there the rename is left to the system. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
