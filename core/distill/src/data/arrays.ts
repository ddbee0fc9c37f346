// Typed arrays by dtype, and rows of tensors: the parts of batches.
import type { DType, DTypeArray, HostTensor } from '@potstill/engine';

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Zeros of a dtype. */
export function zeros<D extends DType>(dtype: D, count: number): DTypeArray[D] {
  const made: DTypeArray[DType] =
    dtype === 'float32'
      ? new Float32Array(count)
      : dtype === 'int32'
        ? new Int32Array(count)
        : new Uint8Array(count);
  return made as DTypeArray[D];
}

/** A host tensor of a dtype known only at run time. `data` must be that dtype's array. */
export function hostTensor(dtype: DType, shape: readonly number[], data: DTypeArray[DType]): HostTensor {
  return { dtype, shape, data } as HostTensor;
}

/** Row `row` along the first axis, as a view that shares memory with the tensor. */
export function rowView(tensor: HostTensor, row: number): HostTensor {
  const shape = tensor.shape.slice(1);
  const length = elementCount(shape);
  return hostTensor(tensor.dtype, shape, tensor.data.subarray(row * length, (row + 1) * length));
}

/**
 * The given rows along the first axis, copied, in the order given: into the array of `spare` where that has as many elements
 * of the same type. Memory that has been written before costs half the time.
 */
export function gatherRows(tensor: HostTensor, rows: ArrayLike<number>, spare?: HostTensor): HostTensor {
  const shape = tensor.shape.slice(1);
  const length = elementCount(shape);
  const count = rows.length * length;
  const fits = spare?.dtype === tensor.dtype && spare.data.length === count;
  const out = fits ? spare.data : zeros(tensor.dtype, count);
  if (length === 1) {
    for (let i = 0; i < rows.length; i++) out[i] = tensor.data[rows[i] as number] as number;
  } else {
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * length;
      out.set(tensor.data.subarray(from, from + length), i * length);
    }
  }
  return hostTensor(tensor.dtype, [rows.length, ...shape], out);
}

/** Writes a shape as errors show it: `[28, 28, 1]`, with `?` where a length is free. */
export function shapeText(shape: readonly (number | string | null)[]): string {
  return `[${shape.map((length) => length ?? '?').join(', ')}]`;
}
