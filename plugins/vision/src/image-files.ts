// The image files of a folder: one folder below it a class, in an order that does not depend on the file system.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PotstillError } from 'potstill';

export interface ImageFile {
  readonly path: string;
  readonly label: number;
}

export interface ImageFolder {
  /** Class names: those given, or the names of the folders, sorted by code unit. */
  readonly labels: readonly string[];
  /** All files that are not hidden, class by class, sorted. */
  readonly files: readonly ImageFile[];
}

/**
 * Lists a folder. Folders within a class folder belong to the class; names that begin with a dot are left out.
 * @throws PotstillError DATA_NOT_FOUND where the folder or a named class is not there, DATA_EMPTY where there are no classes.
 */
export async function listImages(folder: string, classes?: readonly string[]): Promise<ImageFolder> {
  const found = await subfolders(folder);
  if (found.length === 0) {
    throw new PotstillError({
      code: 'DATA_EMPTY',
      message: `vision/image-folder: ${folder} has no folders in it`,
      hint: 'there must be one folder a class, with the images of the class in it',
    });
  }
  const absent = classes?.find((name) => !found.includes(name));
  if (absent !== undefined) {
    throw new PotstillError({
      code: 'DATA_NOT_FOUND',
      message: `vision/image-folder: ${folder} has no folder for class \`${absent}\``,
      allowed: found,
    });
  }
  const labels = classes ?? found;
  const files: ImageFile[] = [];
  for (const [label, name] of labels.entries()) {
    for (const path of await filesBelow(join(folder, name))) files.push({ path, label });
  }
  return { labels, files };
}

async function visible(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => !name.startsWith('.')).sort();
}

async function isFolder(path: string): Promise<boolean> {
  // A link that leads nowhere is left to the reader, which names it.
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

async function subfolders(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await visible(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PotstillError(
      { code: 'DATA_NOT_FOUND', message: `vision/image-folder: ${folder} cannot be read: ${reason}` },
      { cause: error },
    );
  }
  const folders: string[] = [];
  for (const name of names) if (await isFolder(join(folder, name))) folders.push(name);
  return folders;
}

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of await visible(folder)) {
    const path = join(folder, name);
    if (await isFolder(path)) files.push(...(await filesBelow(path)));
    else files.push(path);
  }
  return files;
}
