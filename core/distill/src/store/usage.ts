// Which recipes use a folder of answers, and when they last did: an empty file a recipe, touched at each use.
import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFailed } from '../files/write-atomically.js';

const folderName = 'used-by';

/** Notes that the recipe uses the folder now. Processes may do so at once. */
export async function markUsed(folder: string, recipe: string): Promise<void> {
  const path = join(folder, folderName, encodeURIComponent(recipe));
  await makeFolder(join(folder, folderName));
  try {
    await writeFile(path, '');
    const now = new Date();
    await utimes(path, now, now);
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}

/** Names of recipes with the time of their last use, in milliseconds since 1970. */
export async function usesOf(folder: string): Promise<Readonly<Record<string, number>>> {
  const names = await readdir(join(folder, folderName)).catch(() => []);
  const times = await Promise.all(
    names.map(async (name) => [
      decodeURIComponent(name),
      (await stat(join(folder, folderName, name))).mtimeMs,
    ]),
  );
  return Object.fromEntries(times) as Record<string, number>;
}
