// A complete run as its files show it: what is recorded of them, and what has to be made again.
import { createHash } from 'node:crypto';
import { readIfThere } from '../files/read-file.js';
import type { RunFolder } from './folder.js';
import {
  beginRecipeFile,
  finalWeights,
  metricsFile,
  reportFile,
  resolvedRecipeFile,
  teacherRecipeFile,
} from './names.js';
import type { RecordedSummary } from './run-files.js';
import type { Summary } from './summary.js';
import { verifyRun } from './verify.js';

/** Files whose checksums the summary holds. Others carry their own, or only grow. */
const recorded = [
  resolvedRecipeFile,
  teacherRecipeFile,
  beginRecipeFile,
  metricsFile,
  reportFile,
  finalWeights,
];

/** The summary with the checksums of what lies beside it. */
export async function completeSummary(folder: RunFolder, summary: Summary): Promise<RecordedSummary> {
  const files: Record<string, string> = {};
  for (const name of recorded) {
    const bytes = await readIfThere(folder.file(name));
    if (bytes) files[name] = createHash('sha256').update(bytes).digest('hex');
  }
  return { ...summary, files };
}

/**
 * Names of a complete run's files that a resumed run makes again from the trained weights. Damage to anything else is
 * thrown: `RUN_CHECKPOINT_DAMAGED`, with what to do about that file.
 */
export async function filesToRestore(folder: string): Promise<string[]> {
  const broken = (await verifyRun(folder)).filter(({ state }) => state === 'damaged' || state === 'missing');
  for (const { restorable, error } of broken) if (!restorable && error) throw error;
  return broken.map(({ file }) => file);
}
