// Checks every file of a run folder against what is recorded of it.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { PotstillError } from '../errors/potstill-error.js';
import { damagedFile, notThere, readIfThere } from '../files/read-file.js';
import { decodeSafetensors } from '../files/safetensors.js';
import { isTemporary } from '../files/write-atomically.js';
import { exportDigest } from '../export/tfjs-folder.js';
import { checkpointHint, readCheckpoint } from '../train/checkpoint.js';
import { lockFile } from './lock.js';
import { adjustedWeights, eventsFile, finalWeights, logFile } from './names.js';
import { readRunFile, runFiles, type RecordedSummary, type RunFile } from './run-files.js';

export interface VerifiedFile {
  /** Relative to the run folder, with slashes; a folder for exports of many files. */
  readonly file: string;
  /** `unsealed`: whole by its form, and written by potstill 0.1, which kept no checksum. `other`: not checked, with the reason. */
  readonly state: 'ok' | 'unsealed' | 'other' | 'missing' | 'damaged';
  readonly detail?: string;
  /** Whether `potstill run --resume` makes it again from what else is there. */
  readonly restorable: boolean;
  readonly error?: PotstillError;
}

/** The file without which a finished stage is not finished. */
const weightsOfStages = {
  baseline: 'baseline/best.safetensors',
  student: 'student/best.safetensors',
  adjust: adjustedWeights.join('/'),
};

export const restoreHint =
  'Use `potstill run RECIPE --resume` with the recipe of that run: it is recreated from the trained weights.';

/** All files of the folder, and those that are missing, in the order of their names. `RUN_NO_CHECKPOINT` when it holds no run. */
export async function verifyRun(folder: string): Promise<VerifiedFile[]> {
  const names = await filesBelow(folder);
  if (!names.some((name) => Object.values(runFiles).some((file) => file.name === name)))
    throw new PotstillError({
      code: 'RUN_NO_CHECKPOINT',
      message: `${folder} holds no run: there is no ${runFiles.identity.name}`,
      hint: 'Name the folder of a run, such as runs/NAME-1a2b3c4d.',
      location: { file: folder },
    });
  const { summary, finished, files } = await verifyJson(folder);
  const found = new Map(files.map((file) => [file.file, file]));
  for (const { path, sha256 } of summary?.exports ?? [])
    found.set(path, await verifyDigest(folder, path, sha256, () => exportDigest(join(folder, path))));
  for (const [name, sha256] of Object.entries(summary?.files ?? {}))
    found.set(name, await verifyDigest(folder, name, sha256, () => digestOf(join(folder, name))));
  const within = (name: string) => [...found.keys()].some((known) => name.startsWith(`${known}/`));
  for (const name of names)
    if (!found.has(name) && !within(name)) found.set(name, await verifyOther(folder, name));
  for (const [stage, file] of Object.entries(weightsOfStages))
    if (finished.includes(stage) && !found.has(file))
      found.set(file, broken(folder, file, 'missing', 'it is missing', true));
  if (summary && !found.has(finalWeights))
    found.set(finalWeights, broken(folder, finalWeights, 'missing', 'it is missing', true));
  return [...found.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function verifyJson(
  folder: string,
): Promise<{ summary: RecordedSummary | undefined; finished: string[]; files: VerifiedFile[] }> {
  const files: VerifiedFile[] = [];
  let summary: RecordedSummary | undefined;
  let finished: string[] = [];
  for (const key of Object.keys(runFiles) as RunFile[]) {
    const { name } = runFiles[key];
    files.push(
      ...(await verified(name, async () => {
        const read = await readRunFile(folder, key);
        if (key === 'summary') summary = read?.value as RecordedSummary | undefined;
        if (key === 'stages') finished = Object.keys(read?.value ?? {});
        return read;
      })),
    );
  }
  for (const key of ['identity', 'data', 'stages'] as const)
    if (!files.some(({ file }) => file === runFiles[key].name) && (summary ?? key === 'identity'))
      files.push(broken(folder, runFiles[key].name, 'missing', 'it is missing', true));
  return { summary, finished, files };
}

/** A file that carries its own checksum; none when it does not exist. */
async function verified(
  file: string,
  read: () => Promise<{ readonly sealed: boolean } | undefined>,
): Promise<VerifiedFile[]> {
  try {
    const found = await read();
    return found ? [{ file, state: found.sealed ? 'ok' : 'unsealed', restorable: false }] : [];
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error;
    return [{ file, state: 'damaged', detail: error.records[0].message, restorable: false, error }];
  }
}

async function verifyDigest(
  folder: string,
  file: string,
  sha256: string,
  digest: () => Promise<string | undefined>,
): Promise<VerifiedFile> {
  try {
    const found = await digest();
    if (found === sha256) return { file, state: 'ok', restorable: true };
    return found === undefined
      ? broken(folder, file, 'missing', 'it is missing', true)
      : broken(folder, file, 'damaged', 'its sha256 is not the one recorded in summary.json', true);
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error;
    return { file, state: 'damaged', detail: error.records[0].message, restorable: false, error };
  }
}

function broken(
  folder: string,
  file: string,
  state: 'missing' | 'damaged',
  detail: string,
  restorable: boolean,
): VerifiedFile {
  const error = damagedFile(join(folder, file), detail, restoreHint);
  return { file, state, detail, restorable, error };
}

async function verifyOther(folder: string, file: string): Promise<VerifiedFile> {
  const path = join(folder, file);
  const other = (detail: string): VerifiedFile => ({ file, state: 'other', detail, restorable: false });
  if (isTemporary(file)) return other('left by a run that was killed; the next run removes it');
  if (file === eventsFile || file === logFile) return other('a log, which nothing is read from');
  if (!file.endsWith('.safetensors')) return other('no checksum is recorded');
  const [result = other('no checksum is recorded')] = await verified(file, async () => {
    const bytes = await readIfThere(path);
    if (bytes && file.endsWith('last.safetensors')) await readCheckpoint(path);
    return bytes && decodeSafetensors(bytes, path, checkpointHint);
  });
  return result;
}

async function digestOf(path: string): Promise<string | undefined> {
  const bytes = await readIfThere(path);
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((cause: unknown) =>
    notThere(folder, cause),
  );
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length).split(sep).join('/'))
    .filter((name) => !name.startsWith(lockFile));
}
