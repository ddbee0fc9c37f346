// Does the student give what it declares?
import type { HostTensors, TensorSpecs } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** A declared output that is missing, or of another form, is `STUDENT_INVALID`. `size`: examples in the batch. */
export function checkStudentOutputs(declared: TensorSpecs, given: HostTensors, size: number): void {
  const names = Object.keys(given);
  for (const [name, { dtype, shape }] of Object.entries(declared)) {
    const tensor = given[name];
    if (!tensor)
      throw new PotstillError({
        code: 'STUDENT_INVALID',
        message: `the student declares the output \`${name}\` and does not give it`,
        hint: `Its forward pass gives ${names.map((each) => `\`${each}\``).join(', ') || 'nothing'}.`,
        path: 'student',
      });
    const fits =
      tensor.dtype === dtype &&
      tensor.shape.length === shape.length + 1 &&
      tensor.shape[0] === size &&
      shape.every((length, axis) => length === null || length === tensor.shape[axis + 1]);
    if (fits) continue;
    const declaredShape = [size, ...shape.map((length) => length ?? '?')].join(', ');
    throw new PotstillError({
      code: 'STUDENT_INVALID',
      message: `the student declares the output \`${name}\` as ${dtype} [${declaredShape}] and gives ${tensor.dtype} [${tensor.shape.join(', ')}]`,
      hint: 'Declare shapes without the batch axis, as the forward pass gives them.',
      path: 'student',
    });
  }
}
