// What an input of a teacher's graph is given that is not a field's values: a mask, lengths, or the same for all.
import type { DType } from '@potstill/engine';
import type { Batch, DataDescription, HostTensor } from '../contracts/index.js';
import { elementCount, shapeText } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import type { Lengths } from './form.js';
import type { InputOptions } from './input.js';
import { teacherInvalid } from './invalid.js';
import type { GraphValue } from './session.js';

/** What the recipe says an input is given: the name of a field will do. */
export type InputRequest =
  | string
  | ({ readonly field: string } & Omit<InputOptions, 'name'>)
  | { readonly mask: string }
  | { readonly length: string }
  | { readonly value: number | readonly number[]; readonly like?: string | undefined };

/** Name of the model's input -> what it is given. */
export type InputsOption = Readonly<Record<string, InputRequest>>;

export interface Feed {
  /** As plain data: part of the teacher's fingerprint. */
  readonly description: object;
  /** Shape of one example as the model receives it; `null` follows the data. Undefined: the same tensor for all. */
  readonly shape: Lengths | undefined;
  readonly dtype: DType;
  /** The field whose lengths its `null` axes follow. */
  readonly field?: string;
  /** For a batch. */
  from(batch: Batch): HostTensor;
  /** For a run that only shows shapes; axes of varying length get `length`. */
  sample(rows: number, length: number): HostTensor;
}

/** The tensor of a field; TEACHER_INVALID where the batch has none. */
export function fieldOf(teacher: string, { tensors }: Batch, field: string): HostTensor {
  const tensor = tensors[field];
  if (tensor) return tensor;
  throw teacherInvalid(
    `the teacher ${teacher} wants \`${field}\`; the batch has ${Object.keys(tensors).join(', ')}`,
  );
}

/** Lengths of the field's first varying axis, or of its first axis where none varies: one an example. */
export function lengthsOf(teacher: string, batch: Batch, field: string): Int32Array {
  const lengths = batch.tensors[`${field}.length`];
  if (lengths) {
    const each = lengths.data.length / Math.max(1, batch.size);
    return Int32Array.from({ length: batch.size }, (_, row) => lengths.data[row * each] ?? 0);
  }
  return new Int32Array(batch.size).fill(fieldOf(teacher, batch, field).shape[1] ?? 1);
}

function specOf(teacher: string, data: DataDescription, input: GraphValue, field: string) {
  const spec = data.spec[field];
  if (spec) return spec;
  throw teacherInvalid(
    `the data have no field \`${field}\` for \`${input.name}\` of the teacher ${teacher}; they have ${Object.keys(data.spec).join(', ')}`,
  );
}

/** 1 for each element of the field's first axis, 0 for padding: int32 [batch, length]. */
export function maskFeed(teacher: string, data: DataDescription, input: GraphValue, field: string): Feed {
  const [first = 1] = specOf(teacher, data, input, field).shape;
  return {
    description: { input: input.name, mask: field },
    shape: [first],
    dtype: 'int32',
    field,
    from(batch) {
      const lengths = lengthsOf(teacher, batch, field);
      const width = fieldOf(teacher, batch, field).shape[1] ?? 1;
      const mask = Int32Array.from({ length: batch.size * width }, (_, i) =>
        Number(i % width < (lengths[Math.floor(i / width)] ?? 0)),
      );
      return hostTensor('int32', [batch.size, width], mask);
    },
    sample: (rows, length) => filled('int32', [rows, first ?? length], [1]),
  };
}

/** The number of elements of the field's first axis without padding: int32 [batch], or [batch, 1] as the model has it. */
export function lengthFeed(teacher: string, data: DataDescription, input: GraphValue, field: string): Feed {
  const [first = 1] = specOf(teacher, data, input, field).shape;
  const rest = (input.shape ?? [null]).slice(1).map(() => 1);
  return {
    description: { input: input.name, length: field },
    shape: rest,
    dtype: 'int32',
    field,
    from: (batch) => hostTensor('int32', [batch.size, ...rest], lengthsOf(teacher, batch, field)),
    sample: (rows, length) => filled('int32', [rows, ...rest], [first ?? length]),
  };
}

/** One number everywhere, in the shape of the field `like`, or as the model declares it; or the elements themselves. */
export function valueFeed(
  teacher: string,
  data: DataDescription,
  input: GraphValue,
  { value, like }: { readonly value: number | readonly number[]; readonly like?: string | undefined },
): Feed {
  const values = typeof value === 'number' ? [value] : value;
  const dtype = values.every(Number.isInteger) ? 'int32' : 'float32';
  const description = { input: input.name, value, ...(like === undefined ? {} : { like }) };
  const [batched, ...declared] = input.shape ?? [];
  if (like === undefined && batched !== null) {
    // A scalar, or a tensor of which no axis is the batch.
    const shape = (input.shape ?? []).map((length) => length ?? 1);
    const tensor = filled(dtype, shape, values);
    checkCount(teacher, input, values, shape);
    return { description, shape: undefined, dtype, from: () => tensor, sample: () => tensor };
  }
  const shape: Lengths = like === undefined ? declared : specOf(teacher, data, input, like).shape;
  if (like === undefined && shape.includes(null))
    throw teacherInvalid(
      `the teacher ${teacher} takes \`${input.name}\`, ${shapeText(shape)} an example: one value does not tell its shape`,
      'write `like:` with the field whose shape it has',
    );
  if (!shape.includes(null)) checkCount(teacher, input, values, shape as readonly number[]);
  const of = (lengths: readonly number[]) => filled(dtype, lengths, values);
  return {
    description,
    shape,
    dtype,
    ...(like === undefined ? {} : { field: like }),
    from: (batch) =>
      of(
        like === undefined
          ? [batch.size, ...(shape as readonly number[])]
          : fieldOf(teacher, batch, like).shape,
      ),
    sample: (rows, length) => of([rows, ...shape.map((axis) => axis ?? length)]),
  };
}

function checkCount(teacher: string, input: GraphValue, values: readonly number[], shape: readonly number[]) {
  if (values.length === 1 || values.length === elementCount(shape)) return;
  throw teacherInvalid(
    `the teacher ${teacher} takes \`${input.name}\`, ${shapeText(shape)}, and the recipe gives ${values.length} numbers`,
    'give one number, or one for each element',
  );
}

/** `values` over and over. */
function filled(dtype: DType, shape: readonly number[], values: readonly number[]): HostTensor {
  const data = zeros(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = values[i % values.length] as number;
  return hostTensor(dtype, shape, data);
}
