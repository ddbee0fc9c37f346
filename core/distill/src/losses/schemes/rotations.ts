// The transformed images of self-supervision: each image turned by quarters, within the training step.
import * as tf from '@tensorflow/tfjs-core';
import type { DataDescription } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { inputField } from '../../students/shape.js';

/**
 * Square images [batch, side, side, ...] and the same turned by 90, 180 and 270 degrees against the clock: [4 batch, side, side, ...], all
 * of one angle after another, the images as they are first.
 */
export function rotations(images: tf.Tensor): tf.Tensor {
  const order = [0, 2, 1, ...images.shape.map((_, axis) => axis).slice(3)];
  const across = tf.transpose(images, order);
  return tf.concat([images, tf.reverse(across, 1), tf.reverse(images, [1, 2]), tf.reverse(across, 2)], 0);
}

/**
 * The field of the images: the first input of the data.
 * @throws PotstillError LOSS_INVALID where they are not [side, side] or [side, side, channels].
 */
export function squareImages(loss: string, data: DataDescription): string {
  const { name, shape } = inputField(loss, undefined, data);
  if ((shape.length === 2 || shape.length === 3) && shape[0] === shape[1]) return name;
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${loss}: the input \`${name}\` has shape [${shape.join(', ')}], which cannot be turned by quarters`,
    hint: 'It takes square images, [side, side, channels] or [side, side].',
  });
}
