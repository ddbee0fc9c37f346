// An operation that is held against itself on other backends.
import type * as tf from '@tensorflow/tfjs';

export interface Operation {
  readonly name: string;
  /** Shapes of the operands; they are filled with normal numbers, and gradients are taken of them. */
  readonly shapes: readonly (readonly number[])[];
  /** Any output; it is weighed element by element and summed to the loss. */
  readonly compute: (...operands: tf.Tensor[]) => tf.Tensor;
}

export function operation(
  name: string,
  shapes: Operation['shapes'],
  compute: Operation['compute'],
): Operation {
  return { name, shapes, compute };
}

/** An operand of rank 4. */
export const image = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;
/** An operand of rank 5. */
export const volume = (x: tf.Tensor): tf.Tensor5D => x as tf.Tensor5D;
