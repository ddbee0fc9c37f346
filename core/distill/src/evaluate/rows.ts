// Rows of scores out of host tensors: what all classification metrics read, with errors that name what is missing.
import type { HostTensor, HostTensors } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** A float32 tensor [..., classes] seen as rows of `classes` scores. */
export interface Rows {
  readonly data: Float32Array;
  readonly count: number;
  readonly classes: number;
}

function missing(what: string, name: string, tensors: HostTensors): PotstillError {
  return new PotstillError({
    code: 'EVALUATE_TENSOR',
    message: `${what} \`${name}\` is not there`,
    hint: `Name one of: ${Object.keys(tensors).join(', ') || '(none)'}.`,
    allowed: Object.keys(tensors),
  });
}

function wrong(what: string, name: string, tensor: HostTensor, wanted: string): PotstillError {
  return new PotstillError({
    code: 'EVALUATE_TENSOR',
    message: `${what} \`${name}\` is ${tensor.dtype} [${tensor.shape.join(', ')}], not ${wanted}`,
  });
}

/**
 * The scores named `name`: float32 of rank 2 or more, classes last. All leading axes become rows.
 * `whose` opens the error's message.
 */
export function scoreRows(tensors: HostTensors, name: string, whose = 'model output'): Rows {
  const tensor = tensors[name];
  if (tensor === undefined) throw missing(whose, name, tensors);
  const classes = tensor.shape.at(-1) ?? 0;
  if (tensor.dtype !== 'float32' || tensor.shape.length < 2 || classes < 1)
    throw wrong(whose, name, tensor, 'float32 [batch, ..., classes]');
  return { data: tensor.data, count: tensor.data.length / classes, classes };
}

/**
 * Which positions of a padded tensor [batch, ...] lie within their example, by its `<name>.length` ([batch], or [batch, k] for
 * the first k axes after the batch). Undefined where it has no lengths: all do.
 */
export function withinLengths(
  tensors: HostTensors,
  name: string,
  axes: readonly number[],
): Uint8Array | undefined {
  const lengths = tensors[`${name}.length`];
  if (lengths === undefined) return undefined;
  const [batch = 0, ...inner] = axes;
  const [, columns = 1] = lengths.shape;
  const each = inner.reduce((product, length) => product * length, 1);
  return Uint8Array.from({ length: batch * each }, (_, at) => {
    const row = Math.floor(at / each);
    let rest = at % each;
    for (let axis = inner.length - 1; axis >= 0; axis--) {
      const length = inner[axis] as number;
      if (axis < columns && rest % length >= (lengths.data[row * columns + axis] as number)) return 0;
      rest = Math.floor(rest / length);
    }
    return 1;
  });
}

/**
 * The true class of each row: int32. A negative target means "no truth known"; such rows are not counted, nor is padding,
 * whose target is -1 here. A target beyond the classes is an error, for it would silently count as wrong.
 */
export function targetRows(tensors: HostTensors, name: string, rows: Rows): Int32Array {
  const tensor = tensors[name];
  if (tensor === undefined) throw missing('target field', name, tensors);
  if (tensor.dtype !== 'int32' || tensor.data.length !== rows.count)
    throw wrong(
      'target field',
      name,
      tensor,
      `int32 with ${rows.count} elements, one for each row of scores`,
    );
  const worst = tensor.data.findIndex((target) => target >= rows.classes);
  if (worst >= 0)
    throw new PotstillError({
      code: 'EVALUATE_TENSOR',
      message: `target field \`${name}\` holds class ${tensor.data[worst] as number} at position ${worst} of the batch; the scores have classes 0 to ${rows.classes - 1}`,
    });
  const within = withinLengths(tensors, name, tensor.shape);
  return within ? tensor.data.map((target, row) => (within[row] ? target : -1)) : tensor.data;
}

/** Two sets of rows that are to be compared must have the same number of rows and classes. */
export function sameRows(student: Rows, teacher: Rows): void {
  if (student.count === teacher.count && student.classes === teacher.classes) return;
  throw new PotstillError({
    code: 'EVALUATE_TENSOR',
    message: `the student gives ${student.count} rows of ${student.classes} scores, the teacher ${teacher.count} rows of ${teacher.classes}: they cannot be compared`,
  });
}

/** Index of the largest score of a row; ties to the lowest index. -1 when a score is NaN: such a row answers nothing. */
export function argmax(rows: Rows, row: number): number {
  const start = row * rows.classes;
  let best = 0;
  for (let c = 0; c < rows.classes; c++) {
    const value = rows.data[start + c] as number;
    if (Number.isNaN(value)) return -1;
    if (value > (rows.data[start + best] as number)) best = c;
  }
  return best;
}

/** log(sum(exp(scores / temperature))) of a row in float64, without overflow. */
export function logSumExp(rows: Rows, row: number, temperature = 1): number {
  const start = row * rows.classes;
  let largest = -Infinity;
  for (let c = 0; c < rows.classes; c++) largest = Math.max(largest, rows.data[start + c] as number);
  if (!Number.isFinite(largest)) return largest / temperature;
  let sum = 0;
  for (let c = 0; c < rows.classes; c++)
    sum += Math.exp(((rows.data[start + c] as number) - largest) / temperature);
  return largest / temperature + Math.log(sum);
}

/** The largest softmax probability of a row; NaN when a score is NaN. */
export function confidence(rows: Rows, row: number): number {
  const best = argmax(rows, row);
  if (best < 0) return NaN;
  return Math.exp((rows.data[row * rows.classes + best] as number) - logSumExp(rows, row));
}
