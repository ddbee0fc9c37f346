// What a module's teacher declares and answers, held against each other and brought into tensors.
import type { HostTensor, HostTensors } from '@potstill/engine';
import { z } from 'zod';
import type { TensorSpec, TensorSpecs } from '../contracts/index.js';
import { elementCount, shapeText } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { teacherInvalid, teacherOutput } from './invalid.js';

/** Numbers in lists in lists, one list an axis. */
export type Nested = number | readonly Nested[];

/** An answer by output name: a tensor, or plain numbers; the batch axis first. */
export type PlainAnswers = Readonly<
  Record<string, HostTensor | Float32Array | Int32Array | readonly Nested[]>
>;

const declared = z.looseObject({
  outputs: z
    .record(
      z.string().min(1),
      z.looseObject({
        dtype: z.enum(['float32', 'int32', 'bool']),
        shape: z.array(z.int().min(0).nullable()),
      }),
    )
    .refine((outputs) => Object.keys(outputs).length > 0, 'must name at least one output'),
  label: z.custom((value) => typeof value === 'function', { error: 'must be a function' }),
  fingerprint: z.string().optional(),
  labels: z.array(z.string()).optional(),
});

/** TEACHER_INVALID where the function did not give a teacher. */
export function checkOutputs(path: string, made: unknown): void {
  const parsed = declared.safeParse(made);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw teacherInvalid(
    `the function of ${path} does not give a teacher: \`${issue?.path.join('.') ?? ''}\` ${issue?.message ?? ''}`,
    'it gives { outputs: { logits: { dtype, shape } }, label(batch) }; shapes are those of one example',
  );
}

/** The answers as tensors. TEACHER_OUTPUT where one is missing or is not of the declared shape. */
export function answersOf(path: string, answers: unknown, specs: TensorSpecs, rows: number): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).flatMap(([name, spec]): [string, HostTensor][] => {
      const given = (answers as PlainAnswers | undefined)?.[name];
      if (given === undefined)
        throw teacherOutput(
          `the teacher ${path} declares \`${name}\` and does not answer with it`,
          'return it from `label`, or leave it out of `outputs`',
        );
      const tensor = tensorOf(path, name, given, spec, rows);
      const lengths = (answers as PlainAnswers)[`${name}.length`];
      if (lengths === undefined) return [[name, tensor]];
      const free = spec.shape.filter((length) => length === null).length;
      const axes: TensorSpec = { dtype: 'int32', shape: free === 1 ? [] : [free] };
      return [
        [name, tensor],
        [`${name}.length`, tensorOf(path, `${name}.length`, lengths, axes, rows)],
      ];
    }),
  );
}

function tensorOf(
  path: string,
  name: string,
  given: PlainAnswers[string],
  { dtype, shape }: TensorSpec,
  rows: number,
): HostTensor {
  const wrong = (found: string, hint?: string) =>
    teacherOutput(
      `the teacher ${path} answered ${rows} examples with \`${name}\`, ${found}; it declares ${dtype} ${shapeText(shape)} an example`,
      hint,
    );
  if (isTensor(given)) {
    const [count, ...lengths] = given.shape;
    const fits =
      given.dtype === dtype &&
      count === rows &&
      lengths.length === shape.length &&
      shape.every((length, axis) => length === null || length === lengths[axis]) &&
      given.data.length === elementCount(given.shape);
    if (fits) return given;
    throw wrong(`${given.dtype} ${shapeText(given.shape)} with ${given.data.length} numbers`);
  }
  if (shape.includes(null))
    throw wrong('without a shape', 'answers of varying length are given as tensors: { dtype, shape, data }');
  const numbers = ArrayBuffer.isView(given) ? Array.from(given) : flat(given);
  const lengths = [rows, ...shape.map((length) => length ?? 0)];
  if (numbers.length !== elementCount(lengths)) throw wrong(`${numbers.length} numbers`);
  const data = zeros(dtype, numbers.length);
  numbers.forEach((value, i) => (data[i] = value));
  return hostTensor(dtype, lengths, data);
}

function isTensor(given: PlainAnswers[string]): given is HostTensor {
  return typeof given === 'object' && 'data' in given && 'shape' in given;
}

function flat(nested: readonly Nested[]): number[] {
  return nested.flatMap((each) => (typeof each === 'number' ? [each] : flat(each)));
}
