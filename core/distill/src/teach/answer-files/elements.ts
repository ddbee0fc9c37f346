// Numbers of NumPy and safetensors files, little-endian, as dtypes of ours.
import type { DType } from '@potstill/engine';
import { fromHalf } from '../../data/float16.js';
import { NotReadable } from './column.js';

interface ElementType {
  readonly bytes: number;
  readonly dtype: DType;
  read(view: DataView, at: number): number;
}

const float32From16 = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function fromBfloat16(bits: number): number {
  float32From16.setUint32(0, bits << 16);
  return float32From16.getFloat32(0);
}

/** By NumPy's letter and width; `bf2` is bfloat16. */
const types = {
  f2: { bytes: 2, dtype: 'float32', read: (view, at) => fromHalf(view.getUint16(at, true)) },
  bf2: { bytes: 2, dtype: 'float32', read: (view, at) => fromBfloat16(view.getUint16(at, true)) },
  f4: { bytes: 4, dtype: 'float32', read: (view, at) => view.getFloat32(at, true) },
  f8: { bytes: 8, dtype: 'float32', read: (view, at) => view.getFloat64(at, true) },
  i1: { bytes: 1, dtype: 'int32', read: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, dtype: 'int32', read: (view, at) => view.getInt16(at, true) },
  i4: { bytes: 4, dtype: 'int32', read: (view, at) => view.getInt32(at, true) },
  i8: { bytes: 8, dtype: 'int32', read: (view, at) => Number(view.getBigInt64(at, true)) },
  u1: { bytes: 1, dtype: 'int32', read: (view, at) => view.getUint8(at) },
  u2: { bytes: 2, dtype: 'int32', read: (view, at) => view.getUint16(at, true) },
  u4: { bytes: 4, dtype: 'int32', read: (view, at) => view.getUint32(at, true) },
  u8: { bytes: 8, dtype: 'int32', read: (view, at) => Number(view.getBigUint64(at, true)) },
  b1: { bytes: 1, dtype: 'bool', read: (view, at) => Number(view.getUint8(at) !== 0) },
} as const satisfies Record<string, ElementType>;

export type ElementName = keyof typeof types;

export function isElementName(name: string): name is ElementName {
  return Object.hasOwn(types, name);
}

/** `count` numbers from the start of `bytes`; NotReadable where there are not as many. */
export function readElements(
  bytes: Uint8Array,
  name: ElementName,
  count: number,
): { readonly dtype: DType; readonly data: ArrayLike<number> } {
  const type: ElementType = types[name];
  if (bytes.length < count * type.bytes)
    throw new NotReadable(`it ends after ${bytes.length} bytes of ${count * type.bytes}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = type.bytes === 8 && type.dtype === 'int32';
  const data =
    type.dtype === 'float32'
      ? new Float32Array(count)
      : wide
        ? new Float64Array(count)
        : new Int32Array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, i * type.bytes);
  return { dtype: type.dtype, data };
}
