// Rows in order of size, with a gradient.
import * as tf from '@tensorflow/tfjs-core';

/** Each row of [rows, n] from its largest number to its smallest. */
export function sortDescending(x: tf.Tensor2D): tf.Tensor2D {
  const [, n] = x.shape;
  const compute = tf.customGrad((given, save) => {
    const { values, indices } = tf.topk(given as tf.Tensor2D, n);
    // Where each column went: the order of the order.
    const places = tf.topk(tf.neg(tf.cast(indices, 'float32')), n).indices;
    (save as tf.GradSaveFunc)([places]);
    return {
      value: values,
      gradFunc: (dy, [saved]) => takeColumns(dy as tf.Tensor2D, saved as tf.Tensor2D),
    };
  });
  return compute(x) as tf.Tensor2D;
}

/** `x[row, columns[row, k]]`: of [rows, n] and int32 [rows, k] a tensor [rows, k]. */
export function takeColumns(x: tf.Tensor2D, columns: tf.Tensor2D): tf.Tensor2D {
  const [rows, n] = x.shape;
  // Counted and not a range, which is a constant of limited length.
  const row = tf.cast(tf.cumsum(tf.ones<tf.Rank.R2>([rows, 1], 'int32'), 0), 'int32');
  const start = tf.mul(tf.sub(row, tf.scalar(1, 'int32')), tf.scalar(n, 'int32'));
  const flat = tf.add(columns, start);
  const numbers: tf.Tensor1D = tf.reshape(x, [-1]);
  return tf.gather<tf.Tensor>(numbers, flat) as tf.Tensor2D;
}
