// Kernels of TF.js's eager backends that are wrong, or refuse what the other backends do, replaced by right ones.
import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel, type Correction } from './kernel.js';
import { cpuAverageGradient, maxGradient, numericPadding } from './padding.js';
import { resizeGradients } from './resize.js';

/** The cpu backend writes into the tensor it is given. */
const scatterUpdate: Correction = (inputs, attributes, original) => {
  const tensor = inputs.tensor as tf.Tensor;
  const copy = tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype);
  return original({ ...inputs, tensor: copy }, attributes);
};

const corrections: Readonly<Record<'cpu' | 'tensorflow', Readonly<Record<string, Correction>>>> = {
  cpu: {
    ...resizeGradients,
    AvgPoolGrad: cpuAverageGradient,
    AvgPool3DGrad: cpuAverageGradient,
    MaxPoolGrad: maxGradient,
    MaxPool3DGrad: maxGradient,
    TensorScatterUpdate: scatterUpdate,
  },
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
