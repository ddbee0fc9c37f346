// The safetensors format: 8-byte little-endian header length, JSON header, then the tensors' bytes end to end.
import type { DType, HostTensor, HostTensors } from '@potstill/engine';
import { damagedFile } from './read-file.js';
import { safetensorsHeader } from './safetensors-header.js';
import { brokenSeal, checkSeal, missingSeal, seal, sealedFormat, unsealed, type SealMark } from './seal.js';

const nameOf: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };
const widthOf: Record<DType, number> = { float32: 4, int32: 4, bool: 1 };
const dtypeOf = new Map(Object.entries(nameOf).map(([dtype, name]) => [name, dtype as DType]));

const sealKey = 'potstill.sha256';
const formatKey = 'potstill.format';
/** Before all other metadata, so that nothing that the file holds can be taken for it. */
const mark: SealMark = { before: `"${sealKey}":"`, which: 'first' };

export interface SafetensorsFile {
  readonly tensors: HostTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that was read, and checked where it carries a checksum. */
export interface ReadSafetensors extends SafetensorsFile {
  /** False for files of other programs and of potstill 0.1. */
  readonly sealed: boolean;
}

/**
 * The bytes of a safetensors file, with a checksum of all of them in its metadata. Tensors lie in the order of their names, so that equal content gives equal bytes;
 * the header is padded with spaces to a multiple of 8, which keeps the data aligned.
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const names = Object.keys(tensors).sort();
  // A list of pairs, since a plain object would order names that look like integers first.
  const sealed = { [formatKey]: String(sealedFormat), [sealKey]: unsealed, ...metadata };
  const entries: string[] = [`"__metadata__":${JSON.stringify(sealed)}`];
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name] as HostTensor;
    const end = offset + data.length * widthOf[dtype];
    entries.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: nameOf[dtype], shape, data_offsets: [offset, end] })}`,
    );
    offset = end;
  }
  const header = Buffer.from(`{${entries.join(',')}}`, 'utf8');
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  let at = 8 + padded;
  for (const name of names) {
    const { data } = tensors[name] as HostTensor;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  seal(bytes, mark);
  return bytes;
}

/**
 * Reads a safetensors file of float32, int32 and bool. A damaged one is a `RUN_CHECKPOINT_DAMAGED` that names `path`.
 * `hint` says what to do then.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  path: string,
  hint = 'Get the file again from where it came from.',
): ReadSafetensors {
  const damaged = (what: string, cause?: unknown) => damagedFile(path, what, hint, cause);
  const { start, entries, metadata } = safetensorsHeader(bytes, damaged);
  let end = start;
  const tensors: Record<string, HostTensor> = {};
  for (const { name, dtype: word, shape, from, to } of entries) {
    const dtype = dtypeOf.get(word);
    if (!dtype) throw damaged(`tensor \`${name}\` has dtype ${word}; F32, I32 and BOOL are read`);
    const length = shape.reduce((product, axis) => product * axis, 1);
    if (to - from !== length * widthOf[dtype])
      throw damaged(
        `tensor \`${name}\` [${shape.join(', ')}] takes ${length * widthOf[dtype]} bytes, found ${to - from}`,
      );
    end = Math.max(end, start + to);
    tensors[name] = hostTensor(dtype, shape, new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
  }
  if (end < bytes.length) throw damaged(`${bytes.length - end} bytes follow the last tensor`);
  const { [formatKey]: format, [sealKey]: digest, ...others } = metadata;
  if (format !== undefined && digest === undefined) throw damaged(missingSeal);
  // Last: what is cut or torn is told more precisely above.
  if (checkSeal(bytes, mark) === 'broken') throw damaged(brokenSeal);
  return { tensors, metadata: others, sealed: digest !== undefined };
}

function hostTensor(dtype: DType, shape: readonly number[], buffer: ArrayBuffer): HostTensor {
  if (dtype === 'float32') return { dtype, shape, data: new Float32Array(buffer) };
  if (dtype === 'int32') return { dtype, shape, data: new Int32Array(buffer) };
  return { dtype, shape, data: new Uint8Array(buffer) };
}
