// What no gradient flows back through: TF.js has no operation of that kind.
import * as tf from '@tensorflow/tfjs-core';

/** `of(x)`, or the same numbers; the gradient in `x` is 0. `of` may hold operations that have none, such as comparisons. */
export function stopGradient<T extends tf.Tensor>(x: T, of: (x: T) => tf.Tensor = tf.clone): tf.Tensor {
  return tf.customGrad((given) => ({
    value: of(given as T),
    gradFunc: () => tf.zeros(x.shape),
  }))(x);
}
