// Gradients of running sums and products.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient } from './gradient.js';

interface Scan {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

const scanOf = (attributes: tf.NamedAttrMap): Scan => attributes as unknown as Scan;

/** That of TF.js permutes axes the wrong way round where the axis is not the last. */
export const cumsum: Gradient = {
  gradFunc: (dy, _, attributes) => {
    const { axis, exclusive, reverse } = scanOf(attributes);
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
  },
};

/**
 * Without division, so that zeros are no exception: of each output, the product of its factors but one. That takes n^2
 * numbers for a row of n.
 */
export const cumprod: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor];
    const { axis, exclusive, reverse } = scanOf(attributes);
    return {
      x: () => {
        const length = x.shape[axis] as number;
        const column = tf.expandDims(tf.range(0, length, 1, 'int32'), 1);
        const row = tf.expandDims(tf.range(0, length, 1, 'int32'), 0);
        // Axes: …, the factor left out, the place, …
        const inner = Array.from({ length: x.rank - axis - 1 }, () => 1);
        const over = (mask: tf.Tensor): tf.Tensor =>
          tf.reshape(tf.cast(mask, 'float32'), [length, length, ...inner]);
        const self = over(tf.equal(column, row));
        const [later, earlier] = reverse ? [column, row] : [row, column];
        const reached = over(exclusive ? tf.greater(later, earlier) : tf.greaterEqual(later, earlier));
        const others = tf.add(tf.mul(tf.expandDims(x, axis), tf.sub(1, self)), self);
        const products = tf.mul(tf.cumprod(others, axis + 1, exclusive, reverse), reached);
        return tf.sum(tf.mul(products, tf.expandDims(dy as tf.Tensor, axis)), axis + 1);
      },
    };
  },
};
