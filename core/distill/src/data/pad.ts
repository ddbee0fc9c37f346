// Padding on the host: batches padded further, and padded tensors cut back into examples.
import type { HostTensor } from '@potstill/engine';
import type {
  Batch,
  Bucket,
  DataDescription,
  HostTensors,
  TensorSpec,
  TensorSpecs,
} from '../contracts/index.js';
import { elementCount, hostTensor, rowView, zeros } from './arrays.js';
import { freeAxes, freeAxesOf, onlyAxis } from './axes.js';

/** Copies a tensor into the corner of a larger, zeroed one; runs along the last axis are copied whole. */
export function copyInto(
  from: HostTensor,
  shape: readonly number[],
  out: HostTensor['data'],
  offset: number,
): void {
  const run = from.shape.at(-1) ?? 1;
  const runs = run === 0 ? 0 : elementCount(from.shape) / run;
  for (let i = 0; i < runs; i++) {
    let rest = i;
    let position = 0;
    let stride = shape.at(-1) ?? 1;
    for (let axis = from.shape.length - 2; axis >= 0; axis--) {
      const length = from.shape[axis] as number;
      position += (rest % length) * stride;
      rest = Math.floor(rest / length);
      stride *= shape[axis] as number;
    }
    out.set(from.data.subarray(i * run, (i + 1) * run), offset + position);
  }
}

/** The tensor in the corner of zeros of `shape`, which is at least as long in every axis. The same tensor where nothing is added. */
export function pad(tensor: HostTensor, shape: readonly number[]): HostTensor {
  if (
    tensor.shape.length !== shape.length ||
    tensor.shape.some((length, axis) => length > (shape[axis] ?? 0))
  )
    throw new Error(`internal: [${tensor.shape}] cannot be padded to [${shape}]`);
  if (tensor.shape.every((length, axis) => length === shape[axis])) return tensor;
  const data = zeros(tensor.dtype, elementCount(shape));
  copyInto(tensor, shape, data, 0);
  return hostTensor(tensor.dtype, shape, data);
}

/** Elements 0 up to `lengths[k]` of each axis k; a view where only the first axis is cut. */
export function cut(tensor: HostTensor, lengths: readonly number[]): HostTensor {
  const shape = tensor.shape.map((length, axis) => Math.min(length, lengths[axis] ?? length));
  const [, ...inner] = shape;
  if (inner.every((length, axis) => length === tensor.shape[axis + 1]))
    return hostTensor(tensor.dtype, shape, tensor.data.subarray(0, elementCount(shape)));
  const data = zeros(tensor.dtype, elementCount(shape));
  const run = shape.at(-1) ?? 1;
  for (let i = 0; run > 0 && i < data.length / run; i++) {
    let rest = i;
    let position = 0;
    let stride = tensor.shape.at(-1) ?? 1;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const length = shape[axis] as number;
      position += (rest % length) * stride;
      rest = Math.floor(rest / length);
      stride *= tensor.shape[axis] as number;
    }
    data.set(tensor.data.subarray(position, position + run), i * run);
  }
  return hostTensor(tensor.dtype, shape, data);
}

/**
 * The rows of a padded tensor [batch, ...] without their padding: one tensor an example. `lengths` is int32 [batch], or
 * [batch, k] where k > 1 axes of `spec` are `null`: what a batch holds as `<name>.length`. Without such axes the rows as
 * they are. Views where that is possible.
 */
export function unpad(
  tensor: HostTensor,
  spec: Pick<TensorSpec, 'shape'>,
  lengths: HostTensor | undefined,
): HostTensor[] {
  const ragged = spec.shape.flatMap((length, axis) => (length === null ? [axis] : []));
  return Array.from({ length: tensor.shape[0] ?? 0 }, (_, row) => {
    const whole = rowView(tensor, row);
    if (ragged.length === 0 || lengths === undefined) return whole;
    const wanted = [...whole.shape];
    ragged.forEach((axis, k) => (wanted[axis] = lengths.data[row * ragged.length + k] as number));
    return cut(whole, wanted);
  });
}

/** A batch whose axes of varying length are padded to `lengths`, by axis name; others and longer ones stay as they are. */
export function padBatch(batch: Batch, spec: TensorSpecs, lengths: Bucket): Batch {
  const tensors: Record<string, HostTensor> = { ...batch.tensors };
  for (const [field, each] of Object.entries(spec)) {
    const tensor = tensors[field];
    if (!tensor) continue;
    const shape = [...tensor.shape];
    for (const { axis, name } of freeAxesOf(field, each))
      shape[axis + 1] = Math.max(shape[axis + 1] ?? 0, lengths[name] ?? 0);
    tensors[field] = pad(tensor, shape);
  }
  return { ...batch, tensors };
}

/**
 * The lengths that belong to an output or field of a model or data set, int32 [batch] (or [batch, k]): its own
 * `<name>.length` where `tensors` have it, else those of the batch's axis of the same name, or of its inputs' only one where the
 * axis has no name. Undefined where it has no axis of varying length, or nothing tells how long it is.
 */
export function lengthsFor(
  name: string,
  spec: TensorSpec,
  tensors: HostTensors,
  { batch, data }: { readonly batch: HostTensors; readonly data: Pick<DataDescription, 'spec' | 'inputs'> },
): HostTensor | undefined {
  const own = tensors[`${name}.length`];
  if (own) return own;
  const axes = freeAxesOf(name, spec);
  if (axes.length === 0) return undefined;
  const columns = axes.map((wanted) =>
    columnOf(spec.free ? wanted.name : (onlyAxis(data) ?? wanted.name), batch, data.spec),
  );
  if (columns.some((column) => column === undefined)) return undefined;
  if (columns.length === 1)
    return { dtype: 'int32', shape: [columns[0]?.length ?? 0], data: Int32Array.from(columns[0] ?? []) };
  const rows = columns[0]?.length ?? 0;
  const values = Array.from({ length: rows }, (_, row) => columns.map((column) => column?.[row] ?? 0)).flat();
  return { dtype: 'int32', shape: [rows, columns.length], data: Int32Array.from(values) };
}

/** Lengths of a batch's examples along the axis of that name. */
function columnOf(name: string, batch: HostTensors, data: TensorSpecs): Int32Array | undefined {
  const found = freeAxes(data).find((axis) => axis.name === name && batch[`${axis.field}.length`]);
  if (!found) return undefined;
  const own = freeAxesOf(found.field, data[found.field] as TensorSpec);
  const k = own.findIndex(({ axis }) => axis === found.axis);
  const lengths = batch[`${found.field}.length`]?.data ?? new Int32Array(0);
  return Int32Array.from(
    { length: lengths.length / own.length },
    (_, row) => lengths[row * own.length + k] ?? 0,
  );
}
