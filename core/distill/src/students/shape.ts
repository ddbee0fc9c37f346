// What a student takes from the description of the data: its input field and the number of classes.
import type { DataDescription, NamedTensors } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type * as tf from '@tensorflow/tfjs-core';

/** Stops with an error about the student and a hint of what would be right. */
export function refuse(message: string, hint: string, cause?: unknown): never {
  throw new PotstillError(
    { code: 'STUDENT_INVALID', message, hint },
    cause === undefined ? undefined : { cause },
  );
}

export interface InputField {
  readonly name: string;
  /** Shape of one example. */
  readonly shape: readonly number[];
}

/** The float32 field of fixed shape that a student reads: the option `input`, else the data's first input. */
export function inputField(student: string, option: string | undefined, data: DataDescription): InputField {
  const name = option ?? data.inputs[0];
  const fields = `Fields: ${Object.keys(data.spec).join(', ')}.`;
  if (name === undefined)
    return refuse(`${student}: the data set names no input field`, `Give the option \`input\`. ${fields}`);
  const spec = data.spec[name];
  if (!spec) return refuse(`${student}: the data set has no field \`${name}\``, fields);
  const shape = spec.shape.filter((length) => length !== null);
  if (spec.dtype !== 'float32' || shape.length < spec.shape.length)
    return refuse(
      `${student}: the input \`${name}\` is ${spec.dtype} [${spec.shape.map((length) => length ?? '?')}]`,
      `${student} takes float32 of a fixed shape.`,
    );
  return { name, shape };
}

/** Number of scores: the option, else the number of the data's labels, else of the numbers of its target. */
export function classCount(student: string, option: number | undefined, data: DataDescription): number {
  return (
    option ??
    data.labels?.length ??
    targetWidth(data) ??
    refuse(
      `${student}: the number of classes is not known`,
      'The data set names no labels; give the option `classes`.',
    )
  );
}

/** How many float32 numbers the target holds an example; undefined where it is of another kind or varies. */
function targetWidth({ target, spec }: DataDescription): number | undefined {
  const truth = target === undefined ? undefined : spec[target];
  if (truth?.dtype !== 'float32' || truth.shape.includes(null)) return undefined;
  return (truth.shape as readonly number[]).reduce((product, length) => product * length, 1);
}

/** The tensor of a field, whose batch has the described shape. */
export function readInput(student: string, inputs: NamedTensors, field: InputField): tf.Tensor {
  const tensor = inputs[field.name];
  if (!tensor)
    return refuse(
      `${student}: no input \`${field.name}\` was given`,
      `Given: ${Object.keys(inputs).join(', ') || 'nothing'}.`,
    );
  const [, ...shape] = tensor.shape;
  if (shape.length !== field.shape.length || shape.some((length, i) => length !== field.shape[i]))
    return refuse(
      `${student}: the input \`${field.name}\` has shape [${tensor.shape}]`,
      `Expected [batch${field.shape.map((length) => `,${length}`).join('')}].`,
    );
  return tensor;
}
