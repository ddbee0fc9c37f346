// Examples in host memory, and batches of them.
import type * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { EngineError } from '../errors.js';
import { emptyTensor, hostOf } from '../session/host.js';
import type { DType, HostTensor, HostTensors } from '../host-tensor.js';
import type { FitData } from './args.js';
import { standardized } from './layers-model.js';

/** Tensors of one length along their first axis, by input name. */
export interface Examples {
  readonly count: number;
  readonly tensors: HostTensors;
}

/** Name of the i-th input or target in a step. */
export const inputName = (i: number): string => `x${i}`;
export const targetName = (i: number): string => `y${i}`;

/** Inputs and targets of a model, checked by TF.js and copied to the host. */
export function examplesOf(model: tfl.LayersModel, x: FitData, y: FitData): Examples {
  const given = new Set(Object.values(x).concat(Object.values(y), x, y) as unknown[]);
  const [inputs, targets] = standardized(model, x, y);
  try {
    const tensors = Object.fromEntries([
      ...inputs.map(
        (tensor, i) => [inputName(i), hostTensor(tensor, `input ${model.inputNames[i]}`)] as const,
      ),
      ...targets.map(
        (tensor, i) => [targetName(i), hostTensor(tensor, `target ${model.outputNames[i]}`)] as const,
      ),
    ]);
    return { count: inputs[0]?.shape[0] ?? 0, tensors };
  } finally {
    // TF.js makes [n, 1] of [n].
    for (const tensor of [...inputs, ...targets]) if (!given.has(tensor)) tensor.dispose();
  }
}

function hostTensor(tensor: tf.Tensor, what: string): HostTensor {
  const { dtype, shape } = tensor;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new EngineError('ENGINE_SHAPE', `fit: ${what} is ${dtype}; expected float32, int32 or bool`);
  return hostOf(dtype satisfies DType, [...shape], tensor.dataSync());
}

/** The examples of these indices, in this order. */
function take({ tensors }: Examples, indices: ArrayLike<number>): HostTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
      const [count = 0, ...inner] = shape;
      const row = count === 0 ? 0 : data.length / count;
      const out = emptyTensor(dtype, [indices.length, ...inner]);
      for (let i = 0; i < indices.length; i++) {
        const from = (indices[i] as number) * row;
        out.data.set(data.subarray(from, from + row), i * row);
      }
      return [name, out];
    }),
  );
}

/** Those before `at`, and those from it on. */
export function split(examples: Examples, at: number): [Examples, Examples] {
  const part = (from: number, to: number): Examples => ({
    count: to - from,
    tensors: take(
      examples,
      Array.from({ length: to - from }, (_, i) => from + i),
    ),
  });
  return [part(0, at), part(at, examples.count)];
}

/** Batches of `size`, the last one smaller; `order` gives the indices. */
export function* batches(
  examples: Examples,
  size: number,
  order: ArrayLike<number> = Array.from({ length: examples.count }, (_, i) => i),
): Generator<{ readonly index: number; readonly size: number; readonly inputs: HostTensors }> {
  const all = Array.from(order);
  for (let from = 0, index = 0; from < all.length; from += size, index++) {
    const indices = all.slice(from, from + size);
    yield { index, size: indices.length, inputs: take(examples, indices) };
  }
}
