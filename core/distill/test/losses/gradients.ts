// What the loss tests share: values and gradients on the TF.js cpu backend, and losses written with TF.js autodiff alone.
import * as tf from '@tensorflow/tfjs';

export interface Differentiated {
  readonly value: number;
  readonly gradient: readonly number[];
}

/** Value of a loss and its gradient with respect to the student's logits. */
export function differentiate(
  loss: (student: tf.Tensor2D) => tf.Scalar,
  student: tf.Tensor2D,
): Differentiated {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x as tf.Tensor2D))(student);
    return { value: value.dataSync()[0] as number, gradient: Array.from(grad.dataSync()) };
  });
}

/** Soft targets by TF.js's own log-softmax and gradients. */
export function softTargetsByAutodiff(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  const logP = tf.logSoftmax(tf.div(teacher, temperature));
  const logQ = tf.logSoftmax(tf.div(student, temperature));
  const divergence = tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1);
  return tf.mul(tf.mean(divergence), temperature ** 2);
}

/** Cross-entropy by TF.js's own log-softmax and gradients, over the rows that have a label. */
export function crossEntropyByAutodiff(
  student: tf.Tensor2D,
  labels: readonly number[],
  smoothing: number,
): tf.Scalar {
  const rows = labels.flatMap((label, row) => (label < 0 ? [] : [row]));
  // Depends on the logits, so that there is a gradient.
  if (rows.length === 0) return tf.mul(tf.sum(student), 0);
  const classes = student.shape[1];
  const oneHot = tf.oneHot(tf.gather(tf.tensor1d([...labels], 'int32'), rows), classes);
  const truth = tf.add(tf.mul(oneHot, 1 - smoothing), smoothing / classes);
  return tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(tf.gather(student, rows))), -1)));
}
