// Checks the files of a series, and those of all its runs.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PotstillError } from '../../errors/potstill-error.js';
import { exportDigest } from '../../export/tfjs-folder.js';
import { damagedFile, readIfThere } from '../../files/read-file.js';
import { finalWeights, seriesFile } from '../names.js';
import { verifyRun, type VerifiedFile } from '../verify.js';
import { readSeries, runFoldersOf, seriesHint } from './series-file.js';

/**
 * The files of a run folder; of the folder of a series its own, then those of every run, which are called after the run's
 * folder. `RUN_NO_CHECKPOINT` when it holds neither.
 */
export async function verifyFolder(folder: string): Promise<VerifiedFile[]> {
  let found: Awaited<ReturnType<typeof readSeries>>;
  try {
    found = await readSeries(folder);
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error;
    const detail = error.records[0].message;
    return [{ file: seriesFile, state: 'damaged', detail, restorable: true, error }];
  }
  if (!found) return verifyRun(folder);
  const { value: series, sealed } = found;
  const best = await readIfThere(join(folder, series.best.folder, finalWeights));
  const files: VerifiedFile[] = [
    { file: seriesFile, state: sealed ? 'ok' : 'unsealed', restorable: true },
    await held(folder, finalWeights, best && sha256(best), () => digestOf(join(folder, finalWeights))),
  ];
  for (const { path, sha256: recorded } of series.exports)
    files.push(await held(folder, path, recorded, () => exportDigest(join(folder, path))));
  for (const run of runFoldersOf(series)) files.push(...(await verifyMember(folder, run)));
  return files;
}

async function verifyMember(folder: string, run: string): Promise<VerifiedFile[]> {
  try {
    const files = await verifyRun(join(folder, run));
    return files.map((file) => ({ ...file, file: `${run}/${file.file}` }));
  } catch (error) {
    if (!(error instanceof PotstillError) || error.code !== 'RUN_NO_CHECKPOINT') throw error;
    return [lost(folder, run, 'missing', 'the run is missing')];
  }
}

/** A file of the series that is a copy of one of its best run. */
async function held(
  folder: string,
  file: string,
  recorded: string | undefined,
  digest: () => Promise<string | undefined>,
): Promise<VerifiedFile> {
  const found = await digest();
  if (found === undefined) return lost(folder, file, 'missing', 'it is missing');
  if (recorded === undefined)
    return { file, state: 'other', detail: 'the best run, whose copy it is, is missing', restorable: false };
  if (found === recorded) return { file, state: 'ok', restorable: true };
  return lost(folder, file, 'damaged', 'it is not that of the best run');
}

function lost(folder: string, file: string, state: 'missing' | 'damaged', detail: string): VerifiedFile {
  return {
    file,
    state,
    detail,
    restorable: true,
    error: damagedFile(join(folder, file), detail, seriesHint),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function digestOf(path: string): Promise<string | undefined> {
  const bytes = await readIfThere(path);
  return bytes && sha256(bytes);
}
