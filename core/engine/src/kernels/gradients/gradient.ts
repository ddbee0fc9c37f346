// What a TF.js gradient is, and what gradients share.
import * as tf from '@tensorflow/tfjs';

/** What TF.js registers under a kernel's name. */
export type Gradient = Omit<Parameters<typeof tf.registerGradient>[0], 'kernelName'>;

/** A gradient for what does not move the output. */
export const zerosOf = (x: tf.Tensor): tf.Tensor => tf.zeros(x.shape);
