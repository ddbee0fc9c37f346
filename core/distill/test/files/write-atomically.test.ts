// Files that are whole or not there, and what a killed process left.
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeLeftovers, writeAlongside, writeAtomically } from '../../src/files/write-atomically.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-write-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('writeAtomically', () => {
  it('names the path when a file is in place of the folder', async () => {
    await writeFile(join(folder, 'student'), '');
    const path = join(folder, 'student', 'last.safetensors');
    await expect(writeAtomically(path, 'new')).rejects.toThrow(
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

  it('lets two writers of one file be at work at once: the last to end counts, and both end', async () => {
    const path = join(folder, 'manifest.json');
    await Promise.all([
      writeAtomically(path, 'one'),
      writeAtomically(path, 'two'),
      writeAlongside(path, Buffer.from('six')),
    ]);
    expect(await readdir(folder)).toEqual(['manifest.json']);
    expect(['one', 'two', 'six']).toContain(await readFile(path, 'utf8'));
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

describe('writeAlongside', () => {
  it('writes a file of a folder that is there, and names it where the folder is not', async () => {
    await writeAlongside(join(folder, 'a.arrow'), Uint8Array.of(1, 2));
    expect(await readdir(folder)).toEqual(['a.arrow']);
    await expect(writeAlongside(join(folder, 'gone', 'a.arrow'), Uint8Array.of(1))).rejects.toThrow(
      /RUN_WRITE_FAILED: .*a\.arrow could not be written/,
    );
  });
});

describe('removeLeftovers', () => {
  it('removes files and folders of killed processes, and nothing else', async () => {
    await mkdir(join(folder, 'exports', 'student-tfjs.4711.tmp'), { recursive: true });
    await writeFile(join(folder, 'exports', 'student-tfjs.4711.tmp', 'weights.bin'), '');
    await writeFile(join(folder, 'run.json.12.tmp'), '');
    await writeFile(join(folder, 'notes.tmp'), '');
    await writeFile(join(folder, 'run.json'), '');
    await removeLeftovers(folder);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(['exports', 'notes.tmp', 'run.json']);
  });
});
