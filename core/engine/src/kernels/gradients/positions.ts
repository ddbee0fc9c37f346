// Gradients of reading and writing at positions.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, zerosOf } from './gradient.js';

/** Of the largest elements, each takes its own. */
export const topK: Gradient = {
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dy, saved) => {
    const [x, places] = saved as [tf.Tensor, tf.Tensor];
    const [values] = dy as unknown as tf.Tensor[];
    return {
      x: () => {
        const all = tf.range(0, x.shape.at(-1) as number, 1, 'int32');
        const hits = tf.equal(tf.expandDims(tf.cast(places, 'int32'), -1), all);
        return tf.sum(tf.mul(tf.cast(hits, 'float32'), tf.expandDims(values as tf.Tensor, -1)), -2);
      },
    };
  },
};

export const gatherNd: Gradient = {
  inputsToSave: ['params', 'indices'],
  gradFunc: (dy, saved) => {
    const [params, indices] = saved as [tf.Tensor, tf.Tensor];
    return {
      params: () => tf.scatterND(indices, dy as tf.Tensor, params.shape),
      indices: () => zerosOf(indices),
    };
  },
};

export const scatterNd: Gradient = {
  inputsToSave: ['indices'],
  gradFunc: (dy, saved) => {
    const [indices] = saved as [tf.Tensor];
    return { updates: () => tf.gatherND(dy as tf.Tensor, indices), indices: () => zerosOf(indices) };
  },
};

/** Where indices repeat, each update takes the gradient of the place, though only the last one counts. */
export const tensorScatterUpdate: Gradient = {
  inputsToSave: ['indices', 'updates'],
  gradFunc: (dy, saved) => {
    const [indices, updates] = saved as [tf.Tensor, tf.Tensor];
    return {
      tensor: () => {
        // Not into dy itself: TF.js's cpu backend writes into its operand.
        const kept = tf.fill((dy as tf.Tensor).shape, 1, 'float32');
        return tf.mul(dy as tf.Tensor, tf.tensorScatterUpdate(kept, indices, zerosOf(updates)));
      },
      updates: () => tf.gatherND(dy as tf.Tensor, indices),
      indices: () => zerosOf(indices),
    };
  },
};
