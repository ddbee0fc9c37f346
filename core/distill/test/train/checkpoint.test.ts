// Checkpoint files: exact round trips, whole or not at all, and clear words about damage.
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
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
import { decodeSafetensors, encodeSafetensors } from '../../src/files/safetensors.js';
import { writeAtomically } from '../../src/files/write-atomically.js';

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

describe('encodeSafetensors', () => {
  it('gives back every dtype, sizes 0 and 1 and scalars included', () => {
    const tensors: Record<string, HostTensor> = {
      empty: float([], [0, 3]),
      scalar: float([-0], []),
      10: { dtype: 'int32', shape: [2], data: Int32Array.of(-5, 2 ** 31 - 1) },
      2: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
    };
    const read = decodeSafetensors(encodeSafetensors({ tensors, metadata: { 'é"': '\n' } }), 'x');
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual({ 'é"': '\n' });
  });

  it('keeps every bit of any float32, NaN payloads included', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 40 }), (words) => {
        const data = new Float32Array(words.buffer.slice(0, words.byteLength));
        const file = encodeSafetensors({
          tensors: { w: { dtype: 'float32', shape: [data.length], data } },
          metadata: {},
        });
        const read = decodeSafetensors(file, 'x').tensors.w as HostTensor;
        expect(new Uint32Array(read.data.buffer)).toEqual(Uint32Array.from(words));
      }),
    );
  });

  it('gives the same bytes whatever the order in which tensors were named', () => {
    const a = float([1]);
    const b = float([2]);
    expect(encodeSafetensors({ tensors: { a, b }, metadata: {} })).toEqual(
      encodeSafetensors({ tensors: { b, a }, metadata: {} }),
    );
  });
});

describe('decodeSafetensors', () => {
  const whole = encodeSafetensors({ tensors: { w: float([1, 2, 3]) }, metadata: {} });
  it.each([
    ['a file that is too short', whole.subarray(0, 5), /5 bytes, fewer than the 8/],
    ['a header that is cut off', whole.subarray(0, 20), /header claims \d+ bytes, the file has 12/],
    ['data that is cut off', whole.subarray(0, whole.length - 1), /ends at byte \d+, within tensor `w`/],
    ['a header that is no JSON', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 65, 66), /header is not JSON/],
    ['a header that is a list', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 91, 93), /not a JSON object/],
  ])('refuses %s, naming the file', (_what, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'runs/last.safetensors')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'runs/last.safetensors')).toThrow(
      /RUN_CHECKPOINT_DAMAGED: runs\/last/,
    );
  });

  it('never crashes otherwise on flipped bytes: it reads them or says what is damaged', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] as number) ^ flip;
        try {
          decodeSafetensors(bytes, 'x');
        } catch (error) {
          expect(String(error)).toContain('RUN_CHECKPOINT_DAMAGED');
        }
      }),
    );
  });
});

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
      /RUN_CHECKPOINT_DAMAGED: a is no checkpoint.*position/,
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

describe('writeAtomically', () => {
  it('names the path when a file is in place of the folder', async () => {
    await writeFile(join(folder, 'student'), '');
    const path = join(folder, 'student', 'last.safetensors');
    await expect(writeCheckpoint(path, checkpoint)).rejects.toThrow(
      /RUN_WRITE_FAILED: .*last\.safetensors could not be written: a part of the path is a file/,
    );
  });

  it('keeps the older file whole, and leaves no other behind, when the new one cannot be renamed over it', async () => {
    const path = join(folder, 'taken');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'old');
    await expect(writeAtomically(path, 'new')).rejects.toMatchObject({ code: 'RUN_WRITE_FAILED' });
    expect(await readdir(folder)).toEqual(['taken']);
    expect(await readFile(join(path, 'inside'), 'utf8')).toBe('old');
  });

  it.skipIf(!existsSync('/dev/full'))('reports a full disk as such and keeps the older file', async () => {
    const path = join(folder, 'last.safetensors');
    await writeAtomically(path, 'old');
    // The temporary file's place is taken by a device on which every write fails with ENOSPC.
    await symlink('/dev/full', `${path}.${process.pid}.tmp`);
    await expect(writeAtomically(path, 'new')).rejects.toThrow(/no space left on the device \(ENOSPC\)/);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it.skipIf(process.getuid?.() === 0)('reports a folder without permission', async () => {
    await chmod(folder, 0o500);
    await expect(writeAtomically(join(folder, 'a'), 'x')).rejects.toThrow(/permission denied \(EACCES\)/);
    await chmod(folder, 0o700);
  });
});
