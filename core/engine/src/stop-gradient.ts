// A tensor without its history.
import * as tf from '@tensorflow/tfjs-core';
import { apart } from './tfjs.js';

/** The same numbers, through which no gradient flows back (PyTorch's `detach`). */
export function stopGradient<T extends tf.Tensor>(tensor: T): T {
  return apart(() => tf.clone(tensor));
}
