// One vector a text from one a token.
import type { HostTensor } from '@potstill/engine';

export const poolings = ['mean', 'first', 'last', 'max'] as const;
export type Pooling = (typeof poolings)[number];

/** [batch, tokens, size] -> [batch, size] over the first `lengths[row]` tokens; `normalize`: to length 1. */
export function pool(
  { data, shape }: HostTensor,
  lengths: ArrayLike<number>,
  how: Pooling,
  normalize: boolean,
): HostTensor {
  const [rows = 0, tokens = 0, size = 0] = shape;
  const out = new Float32Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const length = Math.max(1, Math.min(tokens, lengths[row] ?? tokens));
    const [from, to] = how === 'first' ? [0, 1] : how === 'last' ? [length - 1, length] : [0, length];
    const sums = new Float64Array(size).fill(how === 'max' ? -Infinity : 0);
    for (let token = from; token < to; token++)
      for (let k = 0; k < size; k++) {
        const value = data[(row * tokens + token) * size + k] as number;
        const before = sums[k] as number;
        sums[k] = how === 'max' ? Math.max(before, value) : before + value / (to - from);
      }
    const norm = normalize ? Math.max(Math.hypot(...sums), 1e-12) : 1;
    for (let k = 0; k < size; k++) out[row * size + k] = (sums[k] as number) / norm;
  }
  return { dtype: 'float32', shape: [rows, size], data: out };
}
