// Kernels of TF.js's eager backends that are wrong, or refuse what the other backends do, replaced by right ones while the engine works.
import * as tf from '@tensorflow/tfjs-core';
import { corrected, register, type Correction } from './kernel.js';
import { broadcastMatMul } from './matmul.js';
import { cpuAverageGradient, maxGradient, numericPadding } from './padding.js';
import { resizeGradients } from './resize.js';
import {
  volumeConvolution,
  volumeFilterGradient,
  volumeInputGradient,
  volumePool,
  volumePoolGradient,
} from './volume.js';

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
    AvgPool3D: volumePool,
    AvgPool3DGrad: volumePoolGradient(cpuAverageGradient),
    BatchMatMul: broadcastMatMul,
    Conv3D: volumeConvolution,
    Conv3DBackpropFilterV2: volumeFilterGradient,
    Conv3DBackpropInputV2: volumeInputGradient,
    MaxPoolGrad: maxGradient,
    MaxPool3D: volumePool,
    MaxPool3DGrad: volumePoolGradient(maxGradient),
    TensorScatterUpdate: scatterUpdate,
    _FusedMatMul: broadcastMatMul,
  },
  tensorflow: { ...resizeGradients, ...numericPadding },
};

const working = new Set<string>();

/**
 * Runs `body`, which is synchronous, with the corrected kernels of a backend, and registers TF.js's own again, also when
 * `body` throws: outside the engine, TF.js computes as ever.
 */
export function withCorrections<T>(backend: string, body: () => T): T {
  if (!(backend === 'cpu' || backend === 'tensorflow') || working.has(backend)) return body();
  const changes = Object.entries(corrections[backend]).map(([kernel, correction]) => {
    const before = tf.getKernel(kernel, backend);
    const config = corrected(before, correction);
    register(config);
    return { before, config };
  });
  working.add(backend);
  try {
    return body();
  } finally {
    working.delete(backend);
    for (const { before, config } of changes)
      if (tf.getKernel(config.kernelName, backend) === config) register(before);
  }
}
