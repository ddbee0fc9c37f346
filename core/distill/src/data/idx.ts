// idx files, the format of MNIST (http://yann.lecun.com/exdb/mnist/): magic, dimensions, big-endian values; gzip too.
import { readFile } from 'node:fs/promises';
import { PotstillError } from '../errors/potstill-error.js';
import { gunzip } from './gunzip.js';
import { shapeText } from './arrays.js';

/** The typed array of each idx element type, by the type byte of the magic number. */
const elementTypes = {
  0x08: { dtype: 'uint8', bytes: 1, make: (count: number) => new Uint8Array(count) },
  0x09: { dtype: 'int8', bytes: 1, make: (count: number) => new Int8Array(count) },
  0x0b: { dtype: 'int16', bytes: 2, make: (count: number) => new Int16Array(count) },
  0x0c: { dtype: 'int32', bytes: 4, make: (count: number) => new Int32Array(count) },
  0x0d: { dtype: 'float32', bytes: 4, make: (count: number) => new Float32Array(count) },
  0x0e: { dtype: 'float64', bytes: 8, make: (count: number) => new Float64Array(count) },
} as const;

type ElementType = (typeof elementTypes)[keyof typeof elementTypes];

export interface IdxArray {
  readonly dtype: ElementType['dtype'];
  readonly shape: readonly number[];
  /** Row-major, in the machine's byte order. For `uint8` a view of the file's bytes. */
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/**
 * Reads an idx file; a file that begins as gzip is unpacked first (offsets in errors then count unpacked bytes).
 * @throws PotstillError DATA_NOT_FOUND where it cannot be read, DATA_DAMAGED where it is cut short, goes on too long,
 * or is no idx file: with path, byte offset, and what was expected.
 */
export async function readIdx(path: string): Promise<IdxArray> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PotstillError(
      { code: 'DATA_NOT_FOUND', message: `idx file ${path} cannot be read: ${reason}` },
      { cause: error },
    );
  }
  return bytes[0] === 0x1f && bytes[1] === 0x8b
    ? parseIdx(await gunzip(bytes, path), `${path} (unpacked)`)
    : parseIdx(bytes, path);
}

/** Parses the bytes of an idx file; `path` names it in errors. */
export function parseIdx(bytes: Uint8Array, path: string): IdxArray {
  const damaged = (offset: number, problem: string): PotstillError =>
    new PotstillError({
      code: 'DATA_DAMAGED',
      message: `idx file ${path}, byte ${offset}: ${problem}`,
      hint: 'fetch the file again; an idx file is 00 00, an element type, the number of dimensions, their lengths, then the values',
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw damaged(bytes.length, `ends within the magic number, expected 4 bytes`);
  if (view.getUint16(0) !== 0) {
    throw damaged(
      0,
      `expected the magic bytes 00 00, got ${hex(bytes[0])} ${hex(bytes[1])}: this is no idx file`,
    );
  }
  const type = elementTypes[view.getUint8(2) as keyof typeof elementTypes] as ElementType | undefined;
  if (!type) {
    const known = Object.entries(elementTypes).map(([code, known]) => `${hex(Number(code))} ${known.dtype}`);
    throw damaged(2, `unknown element type ${hex(bytes[2])}, expected one of ${known.join(', ')}`);
  }
  const rank = view.getUint8(3);
  if (rank === 0) throw damaged(3, 'expected at least one dimension, got 0');
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw damaged(
      bytes.length,
      `ends within the lengths of ${rank} dimensions, expected ${header} bytes of header`,
    );
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, length) => product * length, 1);
  const expected = header + count * type.bytes;
  if (bytes.length !== expected) {
    const sense = bytes.length < expected ? 'ends too early' : 'goes on too long';
    throw damaged(
      Math.min(bytes.length, expected),
      `${sense}: ${type.dtype} ${shapeText(shape)} needs ${expected} bytes, got ${bytes.length}`,
    );
  }
  if (type.dtype === 'uint8') return { dtype: type.dtype, shape, data: bytes.subarray(header) };
  return { dtype: type.dtype, shape, data: bigEndian(type, view, header, count) };
}

function bigEndian(type: ElementType, view: DataView, header: number, count: number): IdxArray['data'] {
  const read = {
    uint8: (at: number) => view.getUint8(at),
    int8: (at: number) => view.getInt8(at),
    int16: (at: number) => view.getInt16(at),
    int32: (at: number) => view.getInt32(at),
    float32: (at: number) => view.getFloat32(at),
    float64: (at: number) => view.getFloat64(at),
  }[type.dtype];
  const data = type.make(count);
  for (let i = 0; i < count; i++) data[i] = read(header + i * type.bytes);
  return data;
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, '0');
}
