// Kernels of TF.js's eager backends that are wrong, or refuse what the other backends do, replaced by right ones.
import * as tf from '@tensorflow/tfjs';
import { replaceKernel, type Correction } from './kernel.js';
import { numericPadding } from './padding.js';
import { resizeGradients } from './resize.js';
import { poolWindow, share } from './window.js';

/** The cpu backend divides by the size of the window even where padding was left out of the average. */
const averageGradient: Correction = (inputs, attributes, original) => {
  const window = poolWindow((inputs.input as tf.Tensor).shape, attributes);
  return original({ ...inputs, dy: tf.mul(inputs.dy as tf.Tensor, share(window)) }, attributes);
};

const corrections: Readonly<Record<'cpu' | 'tensorflow', Readonly<Record<string, Correction>>>> = {
  cpu: { ...resizeGradients, AvgPoolGrad: averageGradient },
  tensorflow: { ...resizeGradients, ...numericPadding },
};

const done = new Set<string>();

/** Replaces them for all of TF.js in this process, once. */
export function correctKernels(backend: 'cpu' | 'tensorflow'): void {
  if (done.has(backend)) return;
  done.add(backend);
  for (const [kernel, correction] of Object.entries(corrections[backend]))
    replaceKernel(kernel, backend, correction);
}
