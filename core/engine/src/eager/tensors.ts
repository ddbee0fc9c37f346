// Host tensors to TF.js tensors and back.
import * as tf from '@tensorflow/tfjs-core';
import { hostOf } from '../session/host.js';
import type { DType, HostTensor, HostTensors } from '../host-tensor.js';
import type { NamedTensors } from '../types.js';

/** Shares the data where the backend does. */
export function tensorOf({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

export function tensorsOf(tensors: HostTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorOf(tensor)]));
}

/** A copy. */
export function fromTensor(tensor: tf.Tensor): HostTensor {
  return hostOf(tensor.dtype as DType, [...tensor.shape], tensor.dataSync());
}
