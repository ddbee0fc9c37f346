// Matrix products of the cpu backend, which repeats the matrices of the shorter operand whatever axes are broadcast.
import * as tf from '@tensorflow/tfjs-core';
import type { Correction } from './kernel.js';

/** Repeats matrices along the batch axes up to `batch`. Left alone where the kernel does that right: one matrix. */
function repeated(x: tf.Tensor, batch: readonly number[]): tf.Tensor {
  const own = x.shape.slice(0, -2);
  if (own.every((length) => length === 1) || String(own) === String(batch)) return x;
  return tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
}

/** Batch axes broadcast as in NumPy. */
export const broadcastMatMul: Correction = (inputs, attributes, original) => {
  const { a, b } = inputs as Readonly<Record<'a' | 'b', tf.Tensor>>;
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return original({ ...inputs, a: repeated(a, batch), b: repeated(b, batch) }, attributes);
};
