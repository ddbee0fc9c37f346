// Tensors in the element types of ONNX Runtime, and back in those of potstill.
import { ort } from '@potstill/engine';
import type { HostTensor } from '@potstill/engine';
import { fromFloat16, toHalf } from '../data/float16.js';
import { teacherOutput } from './invalid.js';

const truncated = (value: number) => BigInt(Math.round(value));

/** Arrays of the element types that data can be given in. Halves are given as their bits. */
const arrays = {
  float32: (data: ArrayLike<number>) => Float32Array.from(data),
  float64: (data: ArrayLike<number>) => Float64Array.from(data),
  float16: (data: ArrayLike<number>) => Uint16Array.from(data, toHalf),
  int64: (data: ArrayLike<number>) => BigInt64Array.from(Array.from(data, truncated)),
  uint64: (data: ArrayLike<number>) => BigUint64Array.from(Array.from(data, truncated)),
  int32: (data: ArrayLike<number>) => Int32Array.from(data, Math.round),
  uint32: (data: ArrayLike<number>) => Uint32Array.from(data, Math.round),
  int16: (data: ArrayLike<number>) => Int16Array.from(data, Math.round),
  uint16: (data: ArrayLike<number>) => Uint16Array.from(data, Math.round),
  int8: (data: ArrayLike<number>) => Int8Array.from(data, Math.round),
  uint8: (data: ArrayLike<number>) => Uint8Array.from(data, Math.round),
  bool: (data: ArrayLike<number>) => Uint8Array.from(data, (value) => Number(value !== 0)),
} as const;

export type Feedable = keyof typeof arrays;

export const feedable = Object.keys(arrays) as readonly Feedable[];

export function isFeedable(type: string): type is Feedable {
  return Object.hasOwn(arrays, type);
}

/** Smallest and largest value of the types that take whole numbers only; of wide ones what an int32 tensor holds. */
export const integerRanges: Readonly<Record<string, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 32_767],
  uint32: [0, 2 ** 31 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint64: [0, 2 ** 31 - 1],
  int64: [-(2 ** 31), 2 ** 31 - 1],
};

/** Whole numbers are rounded to; `fitInput` refuses what would not fit. */
export function toOrt(type: Feedable, { dtype, data, shape }: HostTensor): ort.Tensor {
  return new ort.Tensor(type, type === dtype ? data : arrays[type](data), shape);
}

/** Integers as int32 and all floats as float32. TEACHER_OUTPUT for what has no number for each element. */
export function fromOrt(path: string, name: string, value: ort.OnnxValue | undefined): HostTensor {
  // Sequences and maps, as exported by scikit-learn, have neither type nor data.
  const { type, data, dims } = (value ?? {}) as Partial<ort.Tensor>;
  const shape = [...(dims ?? [])];
  const numbers = data as unknown as ArrayLike<number>;
  switch (dims === undefined ? undefined : type) {
    case 'float32':
      return { dtype: 'float32', shape, data: data as Float32Array };
    case 'float64':
      return { dtype: 'float32', shape, data: Float32Array.from(numbers) };
    case 'float16':
      // Newer versions of Node have Float16Array.
      return {
        dtype: 'float32',
        shape,
        data: numbers instanceof Uint16Array ? fromFloat16(numbers) : Float32Array.from(numbers),
      };
    case 'int32':
      return { dtype: 'int32', shape, data: data as Int32Array };
    case 'int64':
    case 'uint64':
      return { dtype: 'int32', shape, data: Int32Array.from(data as ArrayLike<bigint>, Number) };
    case 'uint32':
    case 'int16':
    case 'uint16':
    case 'int8':
    case 'uint8':
      return { dtype: 'int32', shape, data: Int32Array.from(numbers) };
    case 'bool':
      return { dtype: 'bool', shape, data: data as Uint8Array };
    case 'string':
    case 'int4':
    case 'uint4':
    case undefined:
    default:
      throw teacherOutput(
        `the output \`${name}\` of the teacher ${path} is ${type ?? 'no tensor'}`,
        'outputs can be floats, whole numbers and bool; name another one in `outputs` (`potstill inspect` lists them)',
      );
  }
}
