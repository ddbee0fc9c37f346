// The gradients of image resizing, as products with the transposed matrices of both axes: the same numbers as on the onnx backend.
import * as tf from '@tensorflow/tfjs-core';
import { bilinearWeights, modeOf, nearestWeights, type Weights } from '../../kernels/resize.js';
import type { Correction } from './kernel.js';

function gradient(weights: Weights): Correction {
  return ({ images, dy }, attributes) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = (images as tf.Tensor).shape;
    const [, tall = 0, wide = 0] = (dy as tf.Tensor).shape;
    const mode = modeOf(attributes);
    const rows = tf.tensor2d(weights(height, tall, mode), [tall, height]);
    const columns = tf.tensor2d(weights(width, wide, mode), [wide, width]);
    // [rows of all images, tall] x [tall, height], then the same along the other axis.
    const lines = tf.reshape(tf.transpose(dy as tf.Tensor, [0, 2, 3, 1]), [batch * wide * channels, tall]);
    const shrunk = tf.reshape(tf.matMul(lines, rows), [batch, wide, channels, height]);
    const across = tf.reshape(tf.transpose(shrunk, [0, 3, 2, 1]), [batch * height * channels, wide]);
    const whole = tf.reshape(tf.matMul(across, columns), [batch, height, channels, width]);
    return tf.transpose(whole, [0, 1, 3, 2]);
  };
}

/**
 * TF.js's cpu backend swaps height and width of the bilinear gradient and mixes the images of a batch in the other; both of its
 * backends forget half pixel centres.
 */
export const resizeGradients: Readonly<Record<string, Correction>> = {
  ResizeBilinearGrad: gradient(bilinearWeights),
  ResizeNearestNeighborGrad: gradient(nearestWeights),
};
