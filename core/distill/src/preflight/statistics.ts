// Moments of a tensor over a sample, and whether its values differ between examples.
import type { HostTensor } from '../contracts/index.js';

export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
  /** Position of the first NaN or infinity; -1 when all are finite. */
  readonly notFinite: number;
  /** Every example has the same values. True of 0 and 1 examples. */
  readonly sameForAll: boolean;
}

/** Over all elements, in float64 and two passes. `tensor` has the batch axis first. */
export function momentsOf(tensor: HostTensor): Moments {
  const { data, shape } = tensor;
  const count = data.length;
  let sum = 0;
  let notFinite = -1;
  for (let i = 0; i < count; i++) {
    const value = data[i] as number;
    sum += value;
    if (notFinite < 0 && !Number.isFinite(value)) notFinite = i;
  }
  const mean = count === 0 ? 0 : sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((data[i] as number) - mean) ** 2;
  const rows = shape[0] ?? 1;
  const width = rows === 0 ? 0 : count / rows;
  let sameForAll = true;
  for (let i = width; i < count && sameForAll; i++) sameForAll = data[i] === data[i % width];
  return { count, mean, variance: count === 0 ? 0 : squares / count, notFinite, sameForAll };
}

/** `float32 [512, 10], mean 0.12, variance 3.4`. */
export function describeMoments(tensor: HostTensor, { mean, variance }: Moments): string {
  return `${tensor.dtype} [${tensor.shape.join(', ')}], mean ${short(mean)}, variance ${short(variance)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
