// Tensors in host memory.

/** The element types of a tensor at the engine's door. */
export type DType = 'float32' | 'int32' | 'bool';

/** The array that holds a dtype on the host. `bool` is one byte an element, 0 or 1. */
export interface DTypeArray {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

/** A tensor in host memory, row-major. `data.length` is the product of `shape`. */
export type HostTensor = {
  [D in DType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DTypeArray[D] };
}[DType];

/** Host tensors by name. */
export type HostTensors = Readonly<Record<string, HostTensor>>;
