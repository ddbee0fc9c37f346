// What the summary of a run says of the files that the run exported.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { decodeJson } from '../files/json.js';
import { damagedFile } from '../files/read-file.js';

export const exportsSchema = z.looseObject({
  exports: z.array(z.looseObject({ kind: z.string(), path: z.string(), sha256: z.string().optional() })),
});

/** True of a summary and of exported files alike. */
export const restoreHint = 'Remove the file and use `potstill run RECIPE --resume` to recreate it.';

/**
 * Holds a file against the summary of the run in whose folder it is: another file than was exported is
 * `RUN_CHECKPOINT_DAMAGED`. Without such a summary nothing is known, and nothing is said.
 */
export async function checkAgainstSummary(path: string, sha256: string): Promise<void> {
  const file = resolve(path);
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const summaryPath = join(folder, 'summary.json');
    const bytes = await readFile(summaryPath).catch(() => undefined);
    // Something else may be called summary.json.
    const looksOurs = bytes && exportsSchema.safeParse(parse(bytes)).success;
    if (!looksOurs) continue;
    const { value } = decodeJson(bytes, summaryPath, exportsSchema, restoreHint);
    const entry = value.exports.find((each) => resolve(folder, each.path) === file);
    if (entry?.sha256 === undefined || entry.sha256 === sha256) return;
    throw damagedFile(
      path,
      `this is not the file that the run exported: its sha256 is ${sha256}, in summary.json it is ${entry.sha256}`,
      restoreHint,
    );
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
