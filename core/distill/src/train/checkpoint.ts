// Checkpoints: `last.safetensors`, enough to continue as if never interrupted, and `best.safetensors`, the student alone.
import type { HostTensor, HostTensors, TrainingState } from '@potstill/engine';
import { z } from 'zod';
import { PotstillError } from '../errors/potstill-error.js';
import { damagedFile, readIfThere } from '../files/read-file.js';
import { decodeSafetensors, encodeSafetensors } from '../files/safetensors.js';
import { writeAtomically } from '../files/write-atomically.js';

/** One finished epoch, as the history keeps it. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** `loss` and `loss.<name>`: means over the training batches; `rate`: the last; and what the metrics give on validation data. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Where a training stands, beside its tensors. Nothing of it depends on the time of day, so that bytes can be compared. */
export interface TrainingPosition {
  /** Epochs finished. */
  readonly epoch: number;
  /** Batches of the epoch under way that were trained on. */
  readonly batch: number;
  /** Sums over those batches, weighted by their size, of the loss and its terms. */
  readonly sums: Readonly<Record<string, number>>;
  readonly history: readonly EpochRecord[];
  /** The best epoch so far by the selected metric. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
}

/** A training at rest. */
export interface Checkpoint {
  readonly state: TrainingState;
  readonly position: TrainingPosition;
  /** Identifies recipe, seed and data: a checkpoint of another identity is not resumed. */
  readonly identity: string;
}

/** The student's weights with what is needed to know whose they are. */
export interface Weights {
  readonly variables: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ReadWeights extends Weights {
  /** False for a file of potstill 0.1, which wrote no checksums. */
  readonly sealed: boolean;
}

/** What to do about a damaged checkpoint; true since a stage without its files starts over, and a finished one needs no `last`. */
export const checkpointHint =
  'Remove the file and use --resume: an unfinished stage starts over and gives the same result; a finished one does not need it.';

/** zod's own number refuses NaN and infinities, which a history may hold. */
const anyNumber = z.custom<number>((value) => typeof value === 'number', 'not a number');
const numbers = z.record(z.string(), anyNumber);
const positionSchema: z.ZodType<TrainingPosition> = z.object({
  epoch: z.int().min(0),
  batch: z.int().min(0),
  sums: numbers,
  history: z.array(z.object({ epoch: z.int().min(1), metrics: numbers })),
  best: z.object({ epoch: z.int().min(1), value: anyNumber }).nullable(),
});

/** The weights of an epoch that is kept beside the best. */
export function keptWeights(epoch: number): string {
  return `epoch-${epoch}.safetensors`;
}

const variablePrefix = 'variables/';
const slotPrefix = 'slots/';

/** The bytes of `last.safetensors`. JSON writes doubles exactly; what is not finite is written as a string. */
export function encodeCheckpoint({ state, position, identity }: Checkpoint): Uint8Array {
  const tensors: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(state.variables)) tensors[variablePrefix + name] = tensor;
  for (const [name, tensor] of Object.entries(state.slots)) tensors[slotPrefix + name] = tensor;
  return encodeSafetensors({
    tensors,
    metadata: {
      'potstill.kind': 'training',
      'potstill.identity': identity,
      'potstill.step': String(state.step),
      'potstill.position': JSON.stringify(position, writeNumber),
    },
  });
}

/** Reads the bytes of a `last.safetensors`. */
export function decodeCheckpoint(bytes: Uint8Array, path: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, path, checkpointHint);
  if (metadata['potstill.kind'] !== 'training') throw notOurs(path, 'it holds weights, not a training');
  const variables: Record<string, HostTensor> = {};
  const slots: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name.startsWith(variablePrefix)) variables[name.slice(variablePrefix.length)] = tensor;
    else if (name.startsWith(slotPrefix)) slots[name.slice(slotPrefix.length)] = tensor;
    else throw notOurs(path, `tensor \`${name}\` is neither a variable nor an optimiser slot`);
  }
  let json: unknown;
  try {
    json = JSON.parse(metadata['potstill.position'] ?? '', readNumber);
  } catch (cause) {
    throw notOurs(path, 'its training position is not JSON', cause);
  }
  const position = positionSchema.safeParse(json);
  const step = z.int().min(0).safeParse(Number(metadata['potstill.step']));
  if (!position.success) throw notOurs(path, 'its training position is incomplete', position.error);
  if (!step.success) throw notOurs(path, 'its number of steps is missing', step.error);
  return {
    state: { step: step.data, variables, slots },
    position: position.data,
    identity: metadata['potstill.identity'] ?? '',
  };
}

/** Writes `last.safetensors` atomically. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeAtomically(path, encodeCheckpoint(checkpoint));
}

/** Reads `last.safetensors`; undefined when there is none. */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const bytes = await readIfThere(path);
  return bytes && decodeCheckpoint(bytes, path);
}

/** Writes weights alone, atomically. */
export async function writeWeights(path: string, { variables, metadata }: Weights): Promise<void> {
  await writeAtomically(
    path,
    encodeSafetensors({ tensors: variables, metadata: { 'potstill.kind': 'weights', ...metadata } }),
  );
}

/**
 * Reads weights. A missing file is `RUN_NO_CHECKPOINT`, a damaged one `RUN_CHECKPOINT_DAMAGED`; `hint` says what to do
 * about either.
 */
export async function readWeights(path: string, hint?: string): Promise<ReadWeights> {
  const weights = await readWeightsIfThere(path, hint);
  if (weights) return weights;
  throw new PotstillError({
    code: 'RUN_NO_CHECKPOINT',
    message: `${path} does not exist`,
    hint: hint ?? 'Name the folder of a run that has finished its training.',
    location: { file: path },
  });
}

/** The same; undefined when there is no such file. */
export async function readWeightsIfThere(path: string, hint?: string): Promise<ReadWeights | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  const { tensors, metadata, sealed } = decodeSafetensors(bytes, path, hint);
  return { variables: tensors, metadata, sealed };
}

function notOurs(path: string, why: string, cause?: unknown): PotstillError {
  return damagedFile(path, `this is not a checkpoint of potstill: ${why}`, checkpointHint, cause);
}

function writeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? `number:${value}` : value;
}

function readNumber(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('number:') ? Number(value.slice(7)) : value;
}
