// The format of idx files: magic, dimensions, big-endian values (http://yann.lecun.com/exdb/mnist/).
import { PotstillError, shapeText } from 'potstill';

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

export interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Bytes before the values. */
  readonly header: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

export function damaged(path: string, offset: number, problem: string): PotstillError {
  return new PotstillError({
    code: 'DATA_DAMAGED',
    message: `idx file ${path}, byte ${offset}: ${problem}`,
    hint: 'Download the file again. An idx file is 00 00, an element type, the number of dimensions, their lengths, then the values.',
  });
}

/** `got` bytes where the header asks for another number; `more` where the rest was not read. */
export function wrongLength(
  path: string,
  { type, shape, total }: Header,
  got: number | 'more',
): PotstillError {
  const short = typeof got === 'number' && got < total;
  return damaged(
    path,
    short ? got : total,
    `${short ? 'ends too early' : 'goes on too long'}: ${type.dtype} ${shapeText(shape)} needs ${total} bytes, got ${got}`,
  );
}

/** Whether the dimensions are all there; a wrong magic number counts as complete, so that it is told. */
export function completeHeader(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes.length >= 4 + 4 * (bytes[3] as number);
}

/** Parses the bytes of an idx file; `path` names it in errors. */
export function parseIdx(bytes: Uint8Array, path: string): IdxArray {
  const header = parseHeader(bytes, path);
  if (bytes.length !== header.total) throw wrongLength(path, header, bytes.length);
  return valuesOf(bytes, header);
}

export function parseHeader(bytes: Uint8Array, path: string): Header {
  const view = viewOf(bytes);
  if (bytes.length < 4) throw damaged(path, bytes.length, 'ends within the magic number, expected 4 bytes');
  if (view.getUint16(0) !== 0) {
    throw damaged(
      path,
      0,
      `expected the magic bytes 00 00, got ${hex(bytes[0])} ${hex(bytes[1])}: this is not an idx file`,
    );
  }
  const type = elementTypes[view.getUint8(2) as keyof typeof elementTypes] as ElementType | undefined;
  if (!type) {
    const known = Object.entries(elementTypes).map(([code, known]) => `${hex(Number(code))} ${known.dtype}`);
    throw damaged(path, 2, `unknown element type ${hex(bytes[2])}, expected one of ${known.join(', ')}`);
  }
  const rank = view.getUint8(3);
  if (rank === 0) throw damaged(path, 3, 'expected at least one dimension, got 0');
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw damaged(
      path,
      bytes.length,
      `ends within the lengths of ${rank} dimensions, expected ${header} bytes of header`,
    );
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { type, shape, header, total: header + type.bytes * shape.reduce((a, b) => a * b, 1) };
}

export function valuesOf(bytes: Uint8Array, { type, shape, header }: Header): IdxArray {
  if (type.dtype === 'uint8') return { dtype: type.dtype, shape, data: bytes.subarray(header) };
  const view = viewOf(bytes);
  const read = {
    uint8: (at: number) => view.getUint8(at),
    int8: (at: number) => view.getInt8(at),
    int16: (at: number) => view.getInt16(at),
    int32: (at: number) => view.getInt32(at),
    float32: (at: number) => view.getFloat32(at),
    float64: (at: number) => view.getFloat64(at),
  }[type.dtype];
  const data = type.make((bytes.length - header) / type.bytes);
  for (let i = 0; i < data.length; i++) data[i] = read(header + i * type.bytes);
  return { dtype: type.dtype, shape, data };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, '0');
}
