// The weights that a student begins with: of a complete run, or of a file.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostTensors } from '@potstill/engine';
import type { ProgressSink } from '../../contracts/index.js';
import { fingerprint, resolveDataPath } from '../../data/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { readIfThere } from '../../files/read-file.js';
import { decodeSafetensors } from '../../files/safetensors.js';
import { decodeCheckpoint, readWeights } from '../../train/checkpoint.js';
import { readFinalWeights } from '../final-weights.js';
import { RunFolder } from '../folder.js';
import type { CompleteRun } from '../run-teacher.js';
import type { ModelSummary } from '../summary.js';
import { restoreHint } from '../verify.js';

/** A run whose student's weights another began with. */
export interface EarlierRun {
  /** Name of the recipe. */
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  /** Figures of its student, and of its student alone where there is one. */
  readonly student: ModelSummary['figures'];
  readonly baseline: ModelSummary['figures'] | null;
}

/** Weights that an earlier training has left. */
export interface BeginWeights {
  /** The run's folder or the file, absolute. */
  readonly path: string;
  readonly student: HostTensors;
  /**
   * What the student alone begins with: the earlier run's own baseline where a teacher had a part in its student, so that
   * no teacher has a part in it here either; else the same as the student.
   */
  readonly baseline: HostTensors;
  /** Whether `baseline` are those of the earlier run's baseline, or the same as the student's. */
  readonly alone: 'same' | 'own';
  /** Whether a teacher had a part in the student, as far as is known. */
  readonly taught: boolean;
  /** The runs that led to these weights, in their order; paths are absolute. */
  readonly chain: readonly EarlierRun[];
}

/**
 * Of a complete run: `student.safetensors`, and of its baseline the best. `withBaseline`: whether the run's recipe asks for
 * one; a run that is taken over may have another's. Errors: those of reading weights.
 */
export async function weightsOfRun(
  run: CompleteRun,
  progress: ProgressSink,
  withBaseline = run.summary.baseline !== null,
): Promise<BeginWeights> {
  const { folder, summary } = run;
  const { variables: student } = await readFinalWeights(run, progress);
  const { path } = folder;
  const chain: EarlierRun[] = [
    ...(summary.begun?.chain ?? []).map((earlier) => ({ ...earlier, path: resolve(path, earlier.path) })),
    {
      name: summary.name,
      path,
      student: summary.student.figures,
      baseline: summary.baseline?.figures ?? null,
    },
  ];
  const taught = summary.teacher !== null || summary.begun?.taught === true;
  if (!taught || !withBaseline) return { path, student, baseline: student, alone: 'same', taught, chain };
  const { variables } = await readWeights(folder.file('baseline', 'best.safetensors'), restoreHint);
  return { path, student, baseline: variables, alone: 'own', taught, chain };
}

/** `begin.checkpoint`: of a run folder or a file. Throws `BEGIN_INVALID` without a location; damaged files are told as such. */
export async function weightsOfCheckpoint(written: string, recipeFolder: string): Promise<BeginWeights> {
  const path = resolveDataPath(written, { recipeFolder, dataFolder: process.env.POTSTILL_DATA });
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    const folder = await RunFolder.read(path);
    const summary = await folder.summary();
    if (summary) return weightsOfRun({ folder, summary }, { emit: () => undefined });
    throw invalid(
      `${path} holds no finished run: there is no summary.json`,
      'finish it with `potstill run --resume`, or name the folder of the run itself',
    );
  }
  const bytes = await readIfThere(path);
  if (!bytes)
    throw invalid(`there is no run and no file at ${path}`, 'correct the path, or run that recipe first');
  if (!path.endsWith('.safetensors'))
    throw invalid(
      `${path} is no .safetensors file`,
      'name a run folder, or a file of weights that potstill wrote',
    );
  const { tensors, metadata } = decodeSafetensors(bytes, path, 'Restore the file, or name another.');
  const student =
    metadata['potstill.kind'] === 'training' ? decodeCheckpoint(bytes, path).state.variables : tensors;
  return { path, student, baseline: student, alone: 'same', taught: false, chain: [] };
}

function invalid(message: string, hint: string): PotstillError {
  return new PotstillError({ code: 'BEGIN_INVALID', message, hint, path: 'begin.checkpoint' });
}

/** sha256 (hex) of all weights, whatever the order in which they stand in their file. */
export function weightsHash(weights: HostTensors): string {
  const parts = Object.entries(weights)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { dtype, shape, data: values }]) => [name, dtype, shape, values]);
  return fingerprint(...parts);
}
