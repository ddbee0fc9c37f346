// Stored answers as one file for other programs: NumPy's .npy, or safetensors; numbers as training reads them.
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { DType } from '../contracts/index.js';
import { elementCount, zeros } from '../data/arrays.js';
import { PotstillError } from '../errors/potstill-error.js';
import { makeFolder, temporaryName, writeFailed } from '../files/write-atomically.js';
import type { StoredOutput } from './catalogue.js';
import { codecOf, encodingName } from './encoding.js';
import type { Manifest } from './manifest.js';
import { decodeShard } from './shard-file.js';
import { nameFits } from './shard-names.js';
import { rowOf } from './shard-reader.js';

/** Formats by what a file's name ends in. */
const exportFormats = ['.npy', '.safetensors'] as const;

const npyType: Record<DType, string> = { float32: '<f4', int32: '<i4', bool: '|b1' };
const safetensorsType: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/**
 * Writes all answers to `file`, [examples, …output], and gives its shape. Shard by shard, so that memory does not grow.
 * `USAGE` for another ending, an output of varying length and answers that are not complete; `STORE_DAMAGED`;
 * `RUN_WRITE_FAILED`.
 */
export async function exportStored(stored: StoredOutput, file: string): Promise<readonly number[]> {
  const { manifest } = stored;
  if (!manifest || !stored.complete) throw incomplete(stored);
  const fixed = manifest.shape.filter((length) => length !== null);
  if (fixed.length < manifest.shape.length)
    throw usage(
      `the output \`${manifest.output}\` has examples of varying length, which no array holds`,
      'Read the shards with pyarrow: each row is an example.',
    );
  const shape = [manifest.size, ...fixed];
  const header = headerFor(file, manifest, shape);
  const temporary = temporaryName(file);
  await makeFolder(dirname(file));
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'w');
    await handle.write(header);
    for (const [, path] of [...stored.shards].sort(([a], [b]) => a - b))
      await handle.write(await numbersOf(path, manifest, elementCount(fixed)));
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw cause instanceof PotstillError ? cause : writeFailed(file, cause);
  }
  return shape;
}

async function numbersOf(path: string, manifest: Manifest, count: number): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (!nameFits(basename(path), bytes)) throw damaged(path);
  const { rows, columns } = decodeShard(bytes);
  const codec = codecOf({ dtype: manifest.dtype, shape: manifest.shape }, manifest.encoding);
  const values = zeros(manifest.dtype, rows * count);
  for (let row = 0; row < rows; row++)
    codec.decode(
      columns.map((column) => rowOf(column, row)),
      values.subarray(row * count, (row + 1) * count),
    );
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function headerFor(file: string, manifest: Manifest, shape: readonly number[]): Uint8Array {
  if (file.endsWith('.npy')) return npyHeader(manifest.dtype, shape);
  if (file.endsWith('.safetensors')) return safetensorsHeader(manifest, shape);
  throw usage(
    `${file} ends in none of ${exportFormats.join(', ')}`,
    'The ending of the file chooses the format.',
  );
}

/** NumPy's format 1.0: magic, length, a Python dict, padded so that the data begin at a multiple of 64. */
function npyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${npyType[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const whole = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(whole, ' ');
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(whole - 10, 8);
  bytes.write(dict, 10);
  bytes.write('\n', whole - 1);
  return bytes;
}

function safetensorsHeader(manifest: Manifest, shape: readonly number[]): Uint8Array {
  const { dtype, output, key, teacher, data, encoding } = manifest;
  const width = dtype === 'bool' ? 1 : 4;
  const text = JSON.stringify({
    __metadata__: { key, teacher, data, encoding: encodingName(encoding) },
    [output]: { dtype: safetensorsType[dtype], shape, data_offsets: [0, elementCount(shape) * width] },
  });
  const header = Buffer.from(text);
  const bytes = Buffer.alloc(8 + Math.ceil(header.length / 8) * 8, ' ');
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  header.copy(bytes, 8);
  return bytes;
}

function incomplete({ id, manifest, answers, size }: StoredOutput): PotstillError {
  const count = (value: number) => value.toLocaleString('en');
  return usage(
    manifest ? `${id} has ${count(answers)} of ${count(size)} answers` : `${id} has no manifest`,
    'Fill it first: potstill label RECIPE',
  );
}

function usage(message: string, hint: string): PotstillError {
  return new PotstillError({ code: 'USAGE', message, hint });
}

function damaged(path: string): PotstillError {
  return new PotstillError({
    code: 'STORE_DAMAGED',
    message: `${path}: its bytes are not those that were written`,
    hint: 'Make it again: potstill label RECIPE',
    location: { file: path },
  });
}
