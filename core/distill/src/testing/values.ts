// Numbers as tests write them, nested arrays or tensors, and as host tensors.
import * as tf from '@tensorflow/tfjs-core';
import type { HostTensor } from '../contracts/index.js';

/** Nested arrays of equal lengths, outermost axis first. */
export type Nested = number | readonly Nested[];

/** Numbers in any form: a number, nested arrays, a typed array (one axis), a host tensor or a TF.js tensor. */
export type Values = Nested | Float32Array | Float64Array | Int32Array | Uint8Array | HostTensor | tf.Tensor;

/** Numbers with their shape, as {@link plain} gives them. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly dtype: HostTensor['dtype'];
}

function shapeOf(values: Nested): number[] {
  if (typeof values === 'number') return [];
  const [first, ...others] = values.map(shapeOf);
  if (others.some((shape) => shape.join() !== first?.join()))
    throw new Error(`nested arrays must have equal lengths: ${JSON.stringify(values)}`);
  return [values.length, ...(first ?? [])];
}

function flatten(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flatten);
}

/** Shape, row-major data and dtype of any form of numbers. Plain arrays are float32. */
export function plain(values: Values): Plain {
  if (values instanceof tf.Tensor) {
    const dtype = values.dtype === 'int32' || values.dtype === 'bool' ? values.dtype : 'float32';
    return { shape: values.shape, data: values.dataSync(), dtype };
  }
  if (ArrayBuffer.isView(values)) {
    const dtype = values instanceof Int32Array ? 'int32' : values instanceof Uint8Array ? 'bool' : 'float32';
    return { shape: [values.length], data: values, dtype };
  }
  if (typeof values === 'object' && 'dtype' in values) return values;
  return { shape: shapeOf(values), data: flatten(values), dtype: 'float32' };
}

/** A host tensor of any form of numbers. */
export function hostTensor(values: Values): HostTensor {
  const { shape, data, dtype } = plain(values);
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(data) };
  if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(data) };
  return { dtype, shape, data: Float32Array.from(data) };
}

/** Nested arrays of whole numbers, such as class indices, as an int32 host tensor. */
export function int32(values: Nested): HostTensor {
  return { dtype: 'int32', shape: shapeOf(values), data: Int32Array.from(flatten(values)) };
}

/** Host tensors by name. */
export function hostTensors(values: Readonly<Record<string, Values>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(values).map(([name, each]) => [name, hostTensor(each)]));
}

/** A TF.js tensor of a host tensor. */
export function tensor({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}
