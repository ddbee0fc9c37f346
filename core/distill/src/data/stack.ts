// Stacks examples into a batch. Axes of variable length are padded with zeros, and their lengths are kept.
import type { HostTensor } from '@potstill/engine';
import type { Batch, Bucket, Example, TensorSpecs } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { elementCount, hostTensor, shapeText, zeros } from './arrays.js';
import { freeAxes, freeAxesOf, lengthsOf, longestOf, type FreeAxis } from './axes.js';
import { paddedLengths } from './buckets.js';
import { copyInto } from './pad.js';

export interface StackOptions {
  /** Named in errors. Default `data set`. */
  readonly name?: string;
  /** Fields whose shape may differ from the spec, because transforms changed them. Default false. */
  readonly transformed?: boolean;
  /** Lengths that axes of varying length are padded to; see {@link paddedLengths}. Default: the longest example. */
  readonly buckets?: readonly Bucket[] | undefined;
}

/**
 * Puts examples together; every field gets a batch axis in front. An axis that is `null` in `spec` is padded with
 * zeros to the bucket that holds the batch, or to its longest example, and `<name>.length` is added: int32 [batch], or
 * [batch, k] where k > 1 axes are `null`. Fields beyond the spec (added by transforms) must agree in shape among themselves.
 * @throws PotstillError DATA_DAMAGED where a field is missing or has another dtype or shape, or axes of one name differ in
 * length; it names the example.
 */
export function stack(
  examples: readonly Example[],
  spec: TensorSpecs,
  indices: readonly number[],
  options: StackOptions = {},
): Batch {
  const tensors: Record<string, HostTensor> = {};
  const first = examples[0];
  const names = new Set([...Object.keys(spec), ...(first ? Object.keys(first) : [])]);
  const axes = freeAxes(spec);
  checkShared(examples, axes, (i, problem) => damaged(options.name, indices[i], problem));
  const lengths = paddedLengths(
    longestOf(examples.map((example) => lengthsOf(example, axes))),
    axes.length === 0 ? undefined : options.buckets,
  );
  for (const name of names) {
    const rows = examples.map((example, i) => {
      const row = example[name];
      if (row === undefined) throw damaged(options.name, indices[i], `has no field \`${name}\``);
      return row;
    });
    const { tensor, own } = stackField(
      rows,
      { spec: spec[name], axes: spec[name] ? freeAxesOf(name, spec[name]) : [], lengths },
      (i, problem) => damaged(options.name, indices[i], `field \`${name}\` ${problem}`),
      options.transformed ?? false,
    );
    tensors[name] = tensor;
    if (own) tensors[`${name}.length`] = own;
  }
  return { size: examples.length, tensors, indices };
}

function damaged(name: string | undefined, index: number | undefined, problem: string): PotstillError {
  return new PotstillError({
    code: 'DATA_DAMAGED',
    message: `${name ?? 'data set'}: example ${index ?? '?'} ${problem}`,
    hint: 'Every example must have the fields, dtypes and shapes that the data set declares.',
  });
}

/** Axes of one name must have one length in an example. */
function checkShared(
  examples: readonly Example[],
  axes: readonly FreeAxis[],
  fail: (row: number, problem: string) => PotstillError,
): void {
  const shared = axes.filter(({ name }, i) => axes.findIndex((other) => other.name === name) < i);
  for (const { field, axis, name } of shared) {
    const first = axes.find((other) => other.name === name) as FreeAxis;
    examples.forEach((example, i) => {
      const a = example[first.field]?.shape[first.axis];
      const b = example[field]?.shape[axis];
      if (a !== undefined && b !== undefined && a !== b)
        throw fail(i, `has ${a} \`${name}\` in \`${first.field}\` and ${b} in \`${field}\``);
    });
  }
}

/** What a field declares, and what its free axes are padded to. */
interface FieldForm {
  readonly spec: TensorSpecs[string] | undefined;
  readonly axes: readonly FreeAxis[];
  readonly lengths: Bucket;
}

function stackField(
  rows: readonly HostTensor[],
  { spec, axes, lengths }: FieldForm,
  fail: (row: number, problem: string) => PotstillError,
  transformed: boolean,
): { tensor: HostTensor; own?: HostTensor } {
  const first = rows[0];
  const dtype = first?.dtype ?? spec?.dtype ?? 'float32';
  const rank = first?.shape.length ?? spec?.shape.length ?? 0;
  const ragged = axes.map(({ axis }) => axis);
  const want = (spec && !transformed ? spec.shape : first?.shape) ?? [];
  if (spec && !transformed && spec.dtype !== dtype) {
    throw fail(0, `is ${dtype}, the data set declares ${spec.dtype}`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => first?.shape[axis] ?? want[axis] ?? 0);
  for (const { axis, name } of axes) shape[axis] = lengths[name] ?? 0;
  rows.forEach((row, i) => {
    if (row.dtype !== dtype) throw fail(i, `is ${row.dtype}, expected ${dtype}`);
    const fits =
      row.shape.length === want.length &&
      row.shape.every((length, axis) => ragged.includes(axis) || length === want[axis]);
    if (!fits) throw fail(i, `has shape ${shapeText(row.shape)}, expected ${shapeText(want)}`);
    if (row.data.length !== elementCount(row.shape)) {
      throw fail(i, `has ${row.data.length} elements for shape ${shapeText(row.shape)}`);
    }
  });

  const size = elementCount(shape);
  const data = zeros(dtype, rows.length * size);
  rows.forEach((row, i) => {
    if (ragged.length === 0) data.set(row.data, i * size);
    else copyInto(row, shape, data, i * size);
  });
  const tensor = hostTensor(dtype, [rows.length, ...shape], data);
  if (ragged.length === 0) return { tensor };
  const counts = Int32Array.from(rows.flatMap((row) => ragged.map((axis) => row.shape[axis] as number)));
  const countShape = ragged.length === 1 ? [rows.length] : [rows.length, ragged.length];
  return { tensor, own: hostTensor('int32', countShape, counts) };
}
