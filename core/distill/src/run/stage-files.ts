// Finished stages whose files are gone: what is still there of them, and what has to be made again.
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFailed } from '../files/write-atomically.js';
import { readWeightsIfThere } from '../train/checkpoint.js';
import { adjustedWeights, finalWeights } from './names.js';

/** Stages recorded as finished that have to run again, and why. Restores a student's best weights from the final ones. */
export async function droppedStages(
  folder: string,
  stages: Readonly<Record<string, unknown>>,
): Promise<[stage: string, why: string | undefined][]> {
  const dropped: [string, string | undefined][] = [];
  const isTraining = (name: string) => /^(baseline|student)(\/|$)/.test(name);
  for (const name of Object.keys(stages).filter(isTraining))
    if (!(await exists(folder, name, 'best.safetensors')))
      if (!(name === 'student' && !('adjust' in stages) && (await restoreBest(folder))))
        dropped.push([
          name,
          // Of a search for the rate, what was tried is needed no more.
          name.includes('/')
            ? undefined
            : `${name}/best.safetensors is missing: running the stage \`${name}\` again`,
        ]);
  if ('adjust' in stages && !(await exists(folder, ...adjustedWeights)))
    dropped.push(['adjust', `${adjustedWeights.join('/')} is missing: adjusting the student again`]);
  return dropped;
}

/** Without adjustments the final weights are a copy of the best. */
async function restoreBest(folder: string): Promise<boolean> {
  const from = join(folder, finalWeights);
  const weights = await readWeightsIfThere(from).catch(() => undefined);
  if (!weights?.sealed || !weights.metadata['potstill.identity']?.includes(' student')) return false;
  const to = join(folder, 'student', 'best.safetensors');
  try {
    await copyFile(from, to);
    return true;
  } catch (cause) {
    throw writeFailed(to, cause);
  }
}

async function exists(...path: string[]): Promise<boolean> {
  return stat(join(...path)).then(
    () => true,
    () => false,
  );
}
