// A few real examples on which an export is compared.
import type { RandomStream } from '@potstill/engine';
import type { Batch, Dataset, HostTensor, HostTensors } from '../contracts/index.js';
import { batches } from '../data/index.js';
import { exportFailed } from './failed.js';

/** The first `size` examples, or as many as there are. */
export async function sampleBatch(
  exporter: string,
  dataset: Dataset,
  size: number,
  random: RandomStream,
): Promise<Batch> {
  for await (const batch of batches(dataset, { size, random })) if (batch.size > 0) return batch;
  throw exportFailed(
    exporter,
    'there are no examples on which the exported model could be compared with the student',
  );
}

/** The fields named, of all examples. */
export function inputsOf(batch: Batch, names: readonly string[]): HostTensors {
  return Object.fromEntries(
    names.flatMap((name) => {
      const tensor = batch.tensors[name];
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}

/** The first example alone, with a batch axis of 1. */
export function firstRow(tensors: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, firstOf(tensor)]));
}

function firstOf(tensor: HostTensor): HostTensor {
  const shape = [1, ...tensor.shape.slice(1)];
  const length = shape.reduce((product, axis) => product * axis, 1);
  // One branch a dtype, so that the array's type stays tied to it.
  switch (tensor.dtype) {
    case 'float32':
      return { dtype: tensor.dtype, shape, data: tensor.data.subarray(0, length) };
    case 'int32':
      return { dtype: tensor.dtype, shape, data: tensor.data.subarray(0, length) };
    case 'bool':
      return { dtype: tensor.dtype, shape, data: tensor.data.subarray(0, length) };
  }
}
