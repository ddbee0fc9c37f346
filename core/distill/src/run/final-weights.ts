// The weights of a complete run's student, checked before anything is made of them.
import { createHash } from 'node:crypto';
import { PotstillError } from '../errors/potstill-error.js';
import { damagedFile, readIfThere } from '../files/read-file.js';
import { decodeSafetensors } from '../files/safetensors.js';
import type { HostTensors } from '@potstill/engine';
import type { ProgressSink } from '../contracts/index.js';
import { keptWeights, readWeights } from '../train/checkpoint.js';
import { finalWeights } from './names.js';
import type { CompleteRun } from './run-teacher.js';
import { restoreHint } from './verify.js';

/**
 * Reads `student.safetensors`. Damaged, or not those of this run: `RUN_CHECKPOINT_DAMAGED`. Of weights without a checksum
 * `progress` is told.
 */
export async function readFinalWeights(
  { folder }: CompleteRun,
  progress: ProgressSink,
): Promise<{ readonly variables: HostTensors; readonly path: string }> {
  const path = folder.file(finalWeights);
  const bytes = await readIfThere(path);
  if (!bytes)
    throw new PotstillError({
      code: 'RUN_NO_CHECKPOINT',
      message: `${path} is missing`,
      hint: restoreHint,
      location: { file: path },
    });
  const { tensors, sealed } = decodeSafetensors(bytes, path, restoreHint);
  const recorded = (await folder.recordedSummary())?.files?.[finalWeights];
  if (recorded !== undefined && recorded !== createHash('sha256').update(bytes).digest('hex'))
    throw damagedFile(
      path,
      'these are not the weights that the run left: summary.json has another sha256',
      restoreHint,
    );
  if (!sealed)
    progress.emit({
      event: 'warning',
      code: 'RUN_NO_CHECKSUMS',
      message: `${folder.path} was written by potstill 0.1, which kept no checksums: damage to its weights cannot be noticed`,
      hint: 'Run the recipe again with this version to have them checked.',
    });
  return { variables: tensors, path };
}

/** The weights that the training kept of an epoch (`train.keep`), before any adjustment. `RUN_NO_CHECKPOINT` where they are gone. */
export async function readKeptWeights(
  { folder }: CompleteRun,
  epoch: number,
): Promise<{ readonly variables: HostTensors; readonly path: string }> {
  const path = folder.file('student', keptWeights(epoch));
  const { variables } = await readWeights(
    path,
    'Remove the folder of that run: it is then trained again, and keeps the epoch.',
  );
  return { variables, path };
}
