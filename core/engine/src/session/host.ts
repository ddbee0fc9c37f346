// Host tensors at the engine's door: checked, and handed to ONNX Runtime without a copy.
import * as ort from '../onnx-runtime.js';
import { EngineError } from '../errors.js';
import { sizeOf } from '../graph/builder.js';
import type { InputShapes } from '../record/step.js';
import type { DType, HostTensor, HostTensors } from '../host-tensor.js';

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Refuses tensors whose data does not fit their dtype and shape. */
export function checkInputs(inputs: HostTensors): void {
  for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
    if (!Object.hasOwn(arrays, dtype))
      throw new EngineError(
        'ENGINE_SHAPE',
        `input \`${name}\`: dtype ${String(dtype)}; expected float32, int32 or bool`,
      );
    const array = arrays[dtype];
    if (!(data instanceof array))
      throw new EngineError('ENGINE_SHAPE', `input \`${name}\`: ${dtype} data comes in a ${array.name}`);
    if (shape.some((length) => !Number.isInteger(length) || length < 0))
      throw new EngineError('ENGINE_SHAPE', `input \`${name}\`: [${shape}] is not a shape`);
    if (data.length !== sizeOf(shape))
      throw new EngineError(
        'ENGINE_SHAPE',
        `input \`${name}\`: ${data.length} elements, but its shape [${shape}] has ${sizeOf(shape)}`,
      );
  }
}

/** A key that is equal for inputs of the same names, dtypes and shapes. */
export function shapesKey(inputs: InputShapes): string {
  return Object.keys(inputs)
    .sort()
    .map((name) => `${name}:${inputs[name]?.dtype}[${inputs[name]?.shape}]`)
    .join(';');
}

/** Wraps without copying. */
export function toOrt({ dtype, shape, data }: HostTensor): ort.Tensor {
  return new ort.Tensor(dtype, data, shape);
}

/** Wraps without copying. */
export function fromOrt(tensor: ort.Tensor): HostTensor {
  const { data } = tensor;
  const shape = [...tensor.dims];
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (data instanceof Uint8Array) return { dtype: 'bool', shape, data };
  throw new Error(`internal: a ${tensor.type} tensor came out of a graph`);
}

/** Zeros. */
export function emptyTensor(dtype: DType, shape: readonly number[]): HostTensor {
  const size = sizeOf(shape);
  if (dtype === 'float32') return { dtype, shape, data: new Float32Array(size) };
  if (dtype === 'int32') return { dtype, shape, data: new Int32Array(size) };
  return { dtype, shape, data: new Uint8Array(size) };
}

/** A tensor of its own memory. */
export function copyOf(tensor: HostTensor): HostTensor {
  if (tensor.dtype === 'float32') return { ...tensor, data: tensor.data.slice() };
  if (tensor.dtype === 'int32') return { ...tensor, data: tensor.data.slice() };
  return { ...tensor, data: tensor.data.slice() };
}

/** Typed array of a dtype from what TF.js reads, always a copy. */
export function hostOf(dtype: DType, shape: readonly number[], values: ArrayLike<number>): HostTensor {
  if (dtype === 'float32') return { dtype, shape, data: Float32Array.from(values) };
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(values) };
  return { dtype, shape, data: Uint8Array.from(values) };
}
