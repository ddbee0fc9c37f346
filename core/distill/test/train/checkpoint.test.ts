// Checkpoint files: exact round trips, whole or not at all, and clear words about damage.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
  readWeights,
  writeCheckpoint,
  writeWeights,
  type Checkpoint,
} from '../../src/train/checkpoint.js';
import { encodeSafetensors } from '../../src/files/safetensors.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-checkpoint-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const float = (data: readonly number[], shape: readonly number[] = [data.length]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

const checkpoint: Checkpoint = {
  state: {
    step: 7,
    variables: { 'dense/kernel': float([1, 2, 3, 4], [2, 2]) },
    slots: { 'dense/kernel/velocity': float([0, -1, 0.5, 9], [2, 2]) },
  },
  position: {
    epoch: 1,
    batch: 3,
    sums: { loss: 0.1 + 0.2, examples: 96 },
    history: [{ epoch: 1, metrics: { loss: 1.25, accuracy: NaN } }],
    best: { epoch: 1, value: 0.75 },
  },
  identity: 'abc',
};

describe('writeCheckpoint and readCheckpoint', () => {
  it('give back state and position exactly', async () => {
    const path = join(folder, 'deep', 'last.safetensors');
    await writeCheckpoint(path, checkpoint);
    expect(await readCheckpoint(path)).toEqual(checkpoint);
    expect(await readdir(join(folder, 'deep'))).toEqual(['last.safetensors']);
  });

  it('find nothing where nothing was written', async () => {
    expect(await readCheckpoint(join(folder, 'last.safetensors'))).toBeUndefined();
  });

  it('refuse a file of weights', async () => {
    const path = join(folder, 'best.safetensors');
    await writeWeights(path, { variables: checkpoint.state.variables, metadata: {} });
    await expect(readCheckpoint(path)).rejects.toThrow(/it holds weights, not a training/);
  });

  it('refuse a position that is not JSON', () => {
    const bytes = encodeSafetensors({
      tensors: {},
      metadata: { 'potstill.kind': 'training', 'potstill.position': '{' },
    });
    expect(() => decodeCheckpoint(bytes, 'a')).toThrow(
      /RUN_CHECKPOINT_DAMAGED: a: this is not a checkpoint.*position/,
    );
  });

  it('encode equal checkpoints to equal bytes', () => {
    expect(encodeCheckpoint(checkpoint)).toEqual(
      encodeCheckpoint(decodeCheckpoint(encodeCheckpoint(checkpoint), 'x')),
    );
  });
});

describe('readWeights', () => {
  it('names a missing file', async () => {
    await expect(readWeights(join(folder, 'best.safetensors'))).rejects.toMatchObject({
      code: 'RUN_NO_CHECKPOINT',
    });
  });
});
