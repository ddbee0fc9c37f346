// The files below a folder, in an order that does not depend on the file system. What is no data is left out and named.
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PotstillError } from 'potstill';

/** What operating systems and tools leave in folders, beside names that begin with a dot. */
const rubbish = new Set(['__MACOSX', 'Thumbs.db', 'ehthumbs.db', 'desktop.ini', '$RECYCLE.BIN', '@eaDir']);

export interface LeftOut {
  readonly path: string;
  /** `rubbish`: of a tool, as `.DS_Store`. `special`: a pipe, socket or device, which is never opened. */
  readonly why: 'rubbish' | 'special';
  readonly folder: boolean;
}

export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly folder: boolean;
  /** Whether it is a symbolic link. */
  readonly link: boolean;
}

/**
 * The entries of a folder, sorted by name (Unicode form NFC, by code unit). Links are followed; one that leads nowhere
 * counts as a file, so that its reader names it.
 * @throws PotstillError DATA_NOT_FOUND where the folder cannot be read.
 */
export async function entriesOf(folder: string, leftOut: LeftOut[]): Promise<Entry[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PotstillError(
      { code: 'DATA_NOT_FOUND', message: `vision/image-folder: ${folder} cannot be read: ${reason}` },
      { cause: error },
    );
  });
  const entries: Entry[] = [];
  for (const entry of found) {
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    const isFolder = kind === 'folder';
    if (entry.name.startsWith('.') || rubbish.has(entry.name))
      leftOut.push({ path, why: 'rubbish', folder: isFolder });
    else if (kind === 'special') leftOut.push({ path, why: 'special', folder: false });
    else entries.push({ name: entry.name, path, folder: isFolder, link: entry.isSymbolicLink() });
  }
  const key = ({ name }: Entry): string => name.normalize('NFC');
  return entries.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

async function kindOf(entry: Dirent, path: string): Promise<'folder' | 'file' | 'special'> {
  const status = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (status === undefined || status.isFile()) return 'file';
  return status.isDirectory() ? 'folder' : 'special';
}

/**
 * All files below a folder, those of folders in it among them. `root` is the folder that it lies in.
 * @throws PotstillError DATA_DAMAGED where links lead back to a folder that holds them.
 */
export async function filesBelow(root: string, folder: string, leftOut: LeftOut[]): Promise<Entry[]> {
  const walk = async (at: string, above: readonly string[]): Promise<Entry[]> => {
    const real = await realpath(at);
    if (above.includes(real)) {
      throw new PotstillError({
        code: 'DATA_DAMAGED',
        message: `vision/image-folder: ${at} is a link to ${real}, which it lies in: the folders have no end`,
        hint: 'Remove the link.',
      });
    }
    const files: Entry[] = [];
    for (const entry of await entriesOf(at, leftOut)) {
      if (entry.folder) files.push(...(await walk(entry.path, [...above, real])));
      else files.push(entry);
    }
    return files;
  };
  return walk(folder, [await realpath(root)]);
}
