// Log-softmax over the last axis in pieces that value and gradient share.
import * as tf from '@tensorflow/tfjs-core';

export interface LogSoftmax {
  /** Logits minus their row's maximum, so that nothing overflows. */
  readonly shifted: tf.Tensor;
  /** Logarithm of the sum of `exp(shifted)`, one a row, kept axis. */
  readonly logSum: tf.Tensor;
  readonly probabilities: tf.Tensor;
}

/** `shifted - logSum` is the log-softmax; finite for all finite logits. */
export function logSoftmax(logits: tf.Tensor): LogSoftmax {
  const shifted = tf.sub(logits, tf.max(logits, -1, true));
  const exponentials = tf.exp(shifted);
  const sum = tf.sum(exponentials, -1, true);
  return { shifted, logSum: tf.log(sum), probabilities: tf.div(exponentials, sum) };
}
