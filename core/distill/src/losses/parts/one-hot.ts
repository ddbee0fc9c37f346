// Class indices as rows of zeros with a one.
import * as tf from '@tensorflow/tfjs-core';

/** float32 [rows, classes]; a row of zeros where the index is no class. */
export function oneHot(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  // tf.oneHot refuses a depth of 1.
  if (classes === 1) return tf.cast(tf.equal(tf.reshape(labels, [-1, 1]), 0), 'float32');
  return tf.oneHot(labels, classes, 1, 0, 'float32') as tf.Tensor2D;
}

/** `-log softmax(z)` at the label, [rows, 1]. `target`: see {@link oneHot}. */
export function rowCrossEntropy(z: tf.Tensor2D, target: tf.Tensor2D): tf.Tensor2D {
  return tf.sub(tf.logSumExp(z, -1, true), tf.sum(tf.mul(z, target), -1, true));
}
