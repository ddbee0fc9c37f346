// Checks of what a loss was given, with messages that name the loss and the tensor.
import type * as tf from '@tensorflow/tfjs-core';
import type { NamedTensors, TensorSpecs } from '../../contracts/index.js';
import { classIndex } from '../../data/index.js';
import { PotstillError } from '../../errors/potstill-error.js';

function fail(message: string, hint: string): never {
  throw new PotstillError({ code: 'LOSS_INVALID', message, hint });
}

/** The tensor of that name, or an error that lists those that are there. */
export function pick(
  loss: string,
  from: 'student' | 'teacher' | 'batch',
  tensors: NamedTensors,
  name: string,
): tf.Tensor {
  const tensor = tensors[name];
  if (tensor) return tensor;
  return fail(
    `${loss}: the ${from} has no tensor \`${name}\``,
    `The ${from} offers: ${Object.keys(tensors).join(', ') || 'nothing'}.`,
  );
}

/** Logits must be [batch, ..., classes]. */
export function checkLogits(loss: string, whose: string, logits: tf.Tensor): void {
  if (logits.shape.length >= 2) return;
  fail(
    `${loss}: the ${whose}'s logits have shape [${logits.shape}], expected [batch, ..., classes]`,
    'Name an output of rank 2 or more with the options `student` and `teacher`.',
  );
}

/** Teacher and student must have logits of the same shape. */
export function checkSameShape(loss: string, student: tf.Tensor, teacher: tf.Tensor): void {
  if (
    student.shape.length === teacher.shape.length &&
    student.shape.every((length, i) => length === teacher.shape[i])
  )
    return;
  fail(
    `${loss}: the student's logits have shape [${student.shape}], the teacher's [${teacher.shape}]`,
    'Both must answer the same examples with the same classes in the same order.',
  );
}

/** Both must have the same leading axes; their classes may differ. */
export function checkSamePositions(loss: string, student: tf.Tensor, teacher: tf.Tensor): void {
  if (student.shape.slice(0, -1).join() === teacher.shape.slice(0, -1).join()) return;
  fail(
    `${loss}: the student's logits have shape [${student.shape}], the teacher's [${teacher.shape}]`,
    'Both must answer the same positions of the same examples; only the number of classes may differ.',
  );
}

/** Numbers that are subtracted must have one shape: broadcasting would hide a mistake. */
export function checkSameNumbers(loss: string, student: tf.Tensor, truth: tf.Tensor): void {
  if (student.shape.join() === truth.shape.join()) return;
  fail(
    `${loss}: the student's output has shape [${student.shape}], what it is compared with [${truth.shape}]`,
    'Both must have one number for each element.',
  );
}

/** Labels must be int32 of the logits' leading axes. */
export function checkLabels(loss: string, labels: tf.Tensor, logits: tf.Tensor): void {
  const leading = logits.shape.slice(0, -1);
  if (labels.dtype === 'int32' && labels.shape.join() === leading.join()) return;
  fail(
    `${loss}: the target is ${labels.dtype} [${labels.shape}], expected int32 [${leading}]`,
    leading.length === 1
      ? 'The target holds one class index for each example.'
      : 'The target holds one class index for each position of the logits.',
  );
}

/** The class axis of a described output of logits; undefined where it is not known. */
function classesOf(outputs: TensorSpecs | undefined, name: string): number | undefined {
  return outputs?.[name]?.shape.at(-1) ?? undefined;
}

/** Before anything runs: student and teacher must have the same number of classes, where both are known. */
export function checkClasses(
  loss: string,
  student: { readonly outputs: TensorSpecs; readonly output: string },
  teacher: { readonly outputs: TensorSpecs | undefined; readonly output: string },
): void {
  const mine = classesOf(student.outputs, student.output);
  const theirs = classesOf(teacher.outputs, teacher.output);
  if (mine === undefined || theirs === undefined || mine === theirs) return;
  fail(
    `${loss}: the student's \`${student.output}\` has ${mine} classes, the teacher's \`${teacher.output}\` has ${theirs}`,
    'Both must know the same classes in the same order.',
  );
}

/** The target field that a loss reads: the option, else the data's own. */
export function targetField(loss: string, option: string | undefined, target: string | undefined): string {
  return (
    option ??
    target ??
    fail(
      `${loss}: the data set names no target field`,
      'Give the option `target`, or use a data set with labels.',
    )
  );
}

/** Class names or indices to indices, each once. */
export function classIndices(
  loss: string,
  classes: readonly (number | string)[],
  labels: readonly string[] | undefined,
): number[] {
  const indices = classes.map((entry) => {
    const index = typeof entry === 'number' ? entry : classIndex(labels ?? [], entry);
    if (index < 0 || (labels !== undefined && index >= labels.length))
      fail(
        `${loss}: there is no class \`${entry}\``,
        labels ? `Classes: ${labels.join(', ')}.` : 'The data set names no labels; give class indices.',
      );
    return index;
  });
  const twice = indices.find((index, i) => indices.indexOf(index) !== i);
  if (twice !== undefined)
    fail(`${loss}: class ${twice} is named twice in \`classes\``, 'Name each class once.');
  return indices;
}
