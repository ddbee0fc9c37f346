// A folder with those above it.
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

/**
 * Makes the folder and those above it; nothing where it is there already. Not by `mkdir` with `recursive`, which never
 * ends where the system answers ENOENT for a folder whose parent exists, as below /proc. Throws what the system says.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const parent = dirname(path);
    if (codeOf(cause) === 'ENOENT' && parent !== path) {
      await makeFolder(parent);
      // Another process may have made it meanwhile.
      await mkdir(path).catch((again: unknown) => {
        if (codeOf(again) !== 'EEXIST') throw again;
      });
      return;
    }
    // Some systems answer for a folder that is there that it may not be written (EROFS, EACCES, a drive's root EPERM).
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw cause;
  }
}
