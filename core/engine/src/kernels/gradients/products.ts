// Gradients of sums of products and of transposed convolutions in three axes.
import * as tf from '@tensorflow/tfjs-core';
import { type Gradient } from './gradient.js';

/** Each operand's gradient is the sum of products of the output's gradient and the other operand. */
export const einsum: Gradient = {
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const [left = '', result = ''] = (attributes.equation as string).replace(/\s/g, '').split('->');
    const terms = left.split(',');
    return Object.fromEntries(
      terms.map((term, i) => [
        String(i),
        () => {
          const operand = saved[i] as tf.Tensor;
          const others = terms.flatMap((_, n) => (n === i ? [] : [n]));
          const sources = [result, ...others.map((n) => terms[n] as string)];
          // Labels of this operand alone were summed over: each element gets the same.
          const kept = [...term].filter((label) => sources.some((source) => source.includes(label)));
          const sum = tf.einsum(
            `${sources.join(',')}->${kept.join('')}`,
            dy as tf.Tensor,
            ...others.map((n) => saved[n] as tf.Tensor),
          );
          const shape = [...term].map((label, axis) => (kept.includes(label) ? operand.shape[axis] : 1));
          return tf.broadcastTo(tf.reshape(sum, shape as number[]), operand.shape);
        },
      ]),
    );
  },
};

/** A transposed convolution in three axes. */
export const conv3dTranspose: Gradient = {
  inputsToSave: ['dy', 'filter'],
  gradFunc: (ddx, saved, { strides, pad }) => {
    const [dy, filter] = saved as [tf.Tensor5D, tf.Tensor5D];
    const gradient = ddx as tf.Tensor5D;
    return {
      dy: () => tf.conv3d(gradient, filter, strides as unknown as number, pad as 'same'),
      filter: () =>
        tf
          .engine()
          .runKernel(
            'Conv3DBackpropFilterV2',
            { x: gradient, dy },
            { strides: strides as number[], pad: pad as string, filterShape: filter.shape },
          ),
    };
  },
};
