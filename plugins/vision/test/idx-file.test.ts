// idx files, whole and damaged at every kind of place.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import { readIdx } from '../src/idx-file.js';
import { parseIdx } from '../src/idx-format.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-idx-'));
});
afterAll(() => rm(folder, { recursive: true }));

function idx(type: number, shape: readonly number[], values: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, type);
  header.setUint8(3, shape.length);
  shape.forEach((length, axis) => header.setUint32(4 + 4 * axis, length));
  return new Uint8Array([...new Uint8Array(header.buffer), ...values]);
}

const images = idx(
  0x08,
  [2, 2, 3],
  Uint8Array.from({ length: 12 }, (_, i) => i * 20),
);

async function failure(bytes: Uint8Array, name: string): Promise<PotstillError> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const error = await readIdx(path).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error;
}

describe('readIdx', () => {
  it('reads bytes with their shape, packed or not', async () => {
    for (const [name, bytes] of [
      ['plain', images],
      ['packed.gz', gzipSync(images)],
    ] as const) {
      await writeFile(join(folder, name), bytes);
      const read = await readIdx(join(folder, name));
      expect(read.shape).toEqual([2, 2, 3]);
      expect(Array.from(read.data)).toEqual(Array.from({ length: 12 }, (_, i) => i * 20));
    }
  });

  it.each([
    [0x09, 1, (view: DataView) => view.setInt8(0, -5), -5],
    [0x0b, 2, (view: DataView) => view.setInt16(0, -300), -300],
    [0x0c, 4, (view: DataView) => view.setInt32(0, -70000), -70000],
    [0x0d, 4, (view: DataView) => view.setFloat32(0, 1.5), 1.5],
    [0x0e, 8, (view: DataView) => view.setFloat64(0, Math.PI), Math.PI],
  ])('reads big-endian values of type %i', (type, bytes, set, value) => {
    const view = new DataView(new ArrayBuffer(bytes));
    set(view);
    expect(Array.from(parseIdx(idx(type, [1], new Uint8Array(view.buffer)), 'a').data)).toEqual([value]);
  });

  it('reads an array without elements', () => {
    expect(parseIdx(idx(0x08, [0, 28, 28], new Uint8Array(0)), 'a').data.length).toBe(0);
  });

  it('refuses a file cut at any byte, with path and offset', async () => {
    for (let length = 0; length < images.length; length++) {
      const error = await failure(images.subarray(0, length), 'cut');
      expect(error.code).toBe('DATA_DAMAGED');
      expect(error.message).toContain(`${join(folder, 'cut')}, byte ${length}: ends`);
    }
    const error = await failure(images.subarray(0, 20), 'cut');
    expect(error.message).toMatch(/ends too early: uint8 \[2, 2, 3\] needs 28 bytes, got 20$/);
  });

  it('refuses bytes beyond the end, a wrong magic, type or rank', async () => {
    const changed = (at: number, value: number) => images.map((byte, i) => (i === at ? value : byte));
    expect((await failure(new Uint8Array([...images, 0]), 'long')).message).toContain(
      'byte 28: goes on too long: uint8 [2, 2, 3] needs 28 bytes, got 29',
    );
    expect((await failure(changed(1, 7), 'magic')).message).toContain(
      'byte 0: expected the magic bytes 00 00, got 00 07: this is not an idx file',
    );
    expect((await failure(changed(2, 0x0a), 'type')).message).toContain(
      'byte 2: unknown element type 0a, expected one of 08 uint8, 09 int8',
    );
    expect((await failure(changed(3, 0), 'rank')).message).toContain(
      'byte 3: expected at least one dimension',
    );
    expect((await failure(changed(4, 0xff), 'huge')).message).toContain('ends too early');
  });

  it('refuses a gzip file cut at any byte after its magic, and one whose bits are wrong', async () => {
    const packed = gzipSync(images);
    for (let length = 2; length < packed.length; length++) {
      const error = await failure(packed.subarray(0, length), 'cut.gz');
      expect(error.code).toBe('DATA_DAMAGED');
      expect(error.message).toContain(`gzip file ${join(folder, 'cut.gz')}`);
      expect(error.message).toContain(`of ${length} packed bytes`);
    }
    const wrong = Uint8Array.from(packed);
    wrong[packed.length - 6] = (wrong[packed.length - 6] ?? 0) ^ 0xff;
    expect((await failure(wrong, 'crc.gz')).message).toContain('incorrect data check');
  });

  it('never unpacks more than the header declares', async () => {
    // 12 bytes declared, 64 MB packed, and the end damaged: it is told of the length, so the end was never reached.
    const bomb = gzipSync(Buffer.concat([images, Buffer.alloc(1 << 26)]));
    bomb.fill(0xff, bomb.length - 100);
    const error = await failure(bomb, 'bomb.gz');
    expect(error.code).toBe('DATA_DAMAGED');
    expect(error.message).toContain(
      `${join(folder, 'bomb.gz')} (unpacked), byte 28: goes on too long: uint8 [2, 2, 3] needs 28 bytes, got more`,
    );
    const barely = await failure(gzipSync(Buffer.concat([images, Buffer.alloc(1)])), 'barely.gz');
    expect(barely.message).toContain('byte 28: goes on too long');
    const short = await failure(gzipSync(images.subarray(0, 20)), 'short.gz');
    expect(short.message).toContain('byte 20: ends too early: uint8 [2, 2, 3] needs 28 bytes, got 20');
  });

  it('does not make room for what a small file cannot hold', async () => {
    const claim = gzipSync(idx(0x0e, [0xffffffff, 0xffff], new Uint8Array(64)));
    const error = await failure(claim, 'claim.gz');
    expect(error.code).toBe('DATA_DAMAGED');
    expect(error.message).toContain(`more than ${claim.length} packed bytes can hold`);
    expect((await failure(idx(0x0e, [0xffffffff, 0xffff], new Uint8Array(64)), 'claim')).message).toContain(
      'ends too early',
    );
  });

  it('refuses a pipe without waiting for its writer', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const error = await readIdx(path).catch((caught: unknown) => caught);
    expect((error as PotstillError).message).toContain(`${path} cannot be read: it is not a regular file`);
  });

  it('says that a file is not there', async () => {
    const error = await readIdx(join(folder, 'absent')).catch((caught: unknown) => caught);
    expect((error as PotstillError).code).toBe('DATA_NOT_FOUND');
    expect((error as PotstillError).message).toContain(join(folder, 'absent'));
  });

  it('never gives anything but an array or a PotstillError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const read = parseIdx(bytes, 'noise');
          expect(read.data.length).toBe(read.shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(PotstillError);
        }
      }),
    );
  });
});
