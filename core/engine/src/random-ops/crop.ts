// Random pieces of sequences while training.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { checkWhole } from '../option-checks.js';
import type { StepContext } from '../types.js';

/**
 * Of each example of `x` [batch, time, features] a piece of `length` time steps in a row, which begins anywhere with the same
 * probability: [batch, length, features]. Returns `x` itself, at full length, when not training. Errors: ENGINE_OPTION
 * for a length that is not a whole number of at least 1, ENGINE_SHAPE for one above the time steps there are.
 */
export function randomCrop(x: tf.Tensor3D, length: number, at: StepContext): tf.Tensor3D {
  checkWhole('randomCrop', 'length', length, 1);
  const [batch, time, features] = x.shape;
  if (!at.training) return x;
  if (length > time)
    throw new EngineError(
      'ENGINE_SHAPE',
      `randomCrop: a crop of ${length} time steps was requested, but there are only ${time}`,
    );
  if (length === time) return x;
  const start = tf.floor(tf.mul(at.random.uniform([batch, 1]), time - length + 1));
  const begin = tf.add(
    tf.cast(start, 'int32'),
    tf.reshape(tf.range(0, batch * time, time, 'int32'), [batch, 1]),
  );
  const index = tf.add(begin, tf.range(0, length, 1, 'int32'));
  // Rows of all examples in one list: a gather along the first axis has a gradient on every backend.
  const rows = tf.gather(tf.reshape(x, [batch * time, features]), tf.reshape(index, [batch * length]));
  return tf.reshape(rows, [batch, length, features]);
}
