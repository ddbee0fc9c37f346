// Single kernels of a TF.js backend, with the engine's own in their place.
import * as tf from '@tensorflow/tfjs-core';

/** Inputs are what TF.js's operations pass: tensors, though the declared type promises less. */
export type Inputs = Readonly<Record<string, tf.Tensor>>;
export type Attributes = Readonly<Record<string, unknown>>;

/** Runs the backend's own kernel, which has one output. */
export type Original = (inputs: Inputs, attributes: Attributes) => tf.Tensor;

/** A kernel written in TF.js operations; what is not its result is freed after it. */
export type Correction = (inputs: Inputs, attributes: Attributes, original: Original) => tf.Tensor;

export type KernelConfig = Parameters<typeof tf.registerKernel>[0];

function asTensor(info: tf.TensorInfo): tf.Tensor {
  return info instanceof tf.Tensor ? (info as tf.Tensor) : tf.engine().makeTensorFromTensorInfo(info);
}

/** The backend's kernel with a correction around it. */
export function corrected(own: KernelConfig, correction: Correction): KernelConfig {
  return {
    ...own,
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const original: Original = (given, attributes) => {
        const made = own.kernelFunc({ inputs: given, attrs: attributes as tf.NamedAttrMap, backend });
        return asTensor(Array.isArray(made) ? (made[0] as tf.TensorInfo) : made);
      };
      return tf.tidy(() => correction(inputs as Inputs, attrs, original));
    },
  };
}

/** Registers a kernel in the place of the one that is registered. */
export function register(config: KernelConfig): void {
  // TF.js warns of replacements.
  tf.unregisterKernel(config.kernelName, config.backendName);
  tf.registerKernel(config);
}
