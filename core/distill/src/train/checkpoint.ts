// Checkpoints: `last.safetensors`, enough to go on as if never interrupted, and `best.safetensors`, the student alone.
import { readFile } from 'node:fs/promises';
import type { HostTensor, HostTensors, TrainingState } from '@potstill/engine';
import { PotstillError } from '../errors/potstill-error.js';
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
  /** Tells the recipe, seed and data apart: a checkpoint of another is not gone on with. */
  readonly identity: string;
}

/** The student's weights with what is needed to know whose they are. */
export interface Weights {
  readonly variables: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
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
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  if (metadata['potstill.kind'] !== 'training')
    throw notOurs(path, 'it holds weights, not a training that can go on');
  const variables: Record<string, HostTensor> = {};
  const slots: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name.startsWith(variablePrefix)) variables[name.slice(variablePrefix.length)] = tensor;
    else if (name.startsWith(slotPrefix)) slots[name.slice(slotPrefix.length)] = tensor;
    else throw notOurs(path, `tensor \`${name}\` is neither a variable nor an optimiser slot`);
  }
  try {
    const position = JSON.parse(metadata['potstill.position'] ?? '', readNumber) as TrainingPosition;
    return {
      state: { step: Number(metadata['potstill.step']), variables, slots },
      position,
      identity: metadata['potstill.identity'] ?? '',
    };
  } catch (cause) {
    throw notOurs(path, 'its training position cannot be read', cause);
  }
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

/** Reads weights. A missing file is `RUN_NO_CHECKPOINT`. */
export async function readWeights(path: string): Promise<Weights> {
  const bytes = await readIfThere(path);
  if (!bytes)
    throw new PotstillError({
      code: 'RUN_NO_CHECKPOINT',
      message: `${path} does not exist`,
      hint: 'Name the folder of a run that has finished its training.',
      location: { file: path },
    });
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  return { variables: tensors, metadata };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

function notOurs(path: string, why: string, cause?: unknown): PotstillError {
  return new PotstillError(
    {
      code: 'RUN_CHECKPOINT_DAMAGED',
      message: `${path} is no checkpoint of potstill: ${why}`,
      hint: 'Remove the file: the stage it belongs to then starts anew.',
      location: { file: path },
    },
    { cause },
  );
}

function writeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? `number:${value}` : value;
}

function readNumber(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('number:') ? Number(value.slice(7)) : value;
}
