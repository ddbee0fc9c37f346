// What a TF.js gradient is, and what gradients share.
import * as tf from '@tensorflow/tfjs-core';

/** What TF.js registers under a kernel's name. */
export type Gradient = Omit<Parameters<typeof tf.registerGradient>[0], 'kernelName'>;

/** A gradient for what does not move the output. Not tf.zeros, which writes its elements out while a step is recorded. */
export const zerosOf = (x: tf.Tensor): tf.Tensor => tf.fill([...x.shape], 0, 'float32');
