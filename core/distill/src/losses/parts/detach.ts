// Numbers that nothing flows back through.
import * as tf from '@tensorflow/tfjs-core';

/** The same numbers, with a gradient of 0: a weight or a temperature that is computed from the student. */
export function detach<T extends tf.Tensor>(x: T): T {
  const compute = tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor),
    gradFunc: (dy) => tf.zerosLike(dy),
  }));
  return compute(x) as T;
}
