// Numbers of the host as a constant of a loss.
import * as tf from '@tensorflow/tfjs-core';

/** The engine holds up to so many numbers of one constant. */
const chunk = 1024;

/** A constant of any length, float32 [length]. */
export function constant(values: readonly number[]): tf.Tensor1D {
  const parts = Array.from({ length: Math.ceil(values.length / chunk) }, (_, i) =>
    tf.tensor1d(values.slice(i * chunk, (i + 1) * chunk)),
  );
  return parts.length === 1 ? (parts[0] as tf.Tensor1D) : tf.concat(parts);
}
