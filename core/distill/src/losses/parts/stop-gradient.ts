// A tensor through which no gradient flows back: TF.js has no operation of that kind.
import * as tf from '@tensorflow/tfjs-core';

/** The same numbers; their gradient is 0. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return tf.customGrad((given) => ({
    value: tf.clone(given as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T;
}
