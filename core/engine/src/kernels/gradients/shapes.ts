// Gradients of repetition, blocks, diagonals and mirrored images.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient } from './gradient.js';

/** That of TF.js takes a slice for each repetition, and four axes at most. */
export const tile: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, { reps }) => {
    const [x] = saved as [tf.Tensor];
    const parts = x.shape.map((length, i) => [(reps as number[])[i] as number, length]);
    // Axes that are not repeated need no axis of repetitions.
    const split = parts.flatMap(([times = 1, length = 0]) => (times === 1 ? [length] : [times, length]));
    const repeated = parts.flatMap(([times], i) =>
      times === 1 ? [] : [i + parts.slice(0, i).filter(([before]) => before !== 1).length],
    );
    return { x: () => tf.sum(tf.reshape(dy as tf.Tensor, split), repeated) };
  },
};

export const depthToSpace: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor4D];
    const [batch, height, width] = x.shape;
    const size = attributes.blockSize as number;
    return {
      x: () => {
        const blocks = tf.reshape(dy as tf.Tensor, [batch, height, size, width, size, -1]);
        return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), x.shape);
      },
    };
  },
};

export const diag: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved) => {
    const [x] = saved as [tf.Tensor];
    return {
      x: () =>
        tf.reshape(tf.sum(tf.mul(tf.reshape(dy as tf.Tensor, [x.size, x.size]), tf.eye(x.size)), 1), x.shape),
    };
  },
};

export const flipLeftRight: Gradient = {
  gradFunc: (dy) => ({ image: () => tf.image.flipLeftRight(dy as tf.Tensor4D) }),
};
