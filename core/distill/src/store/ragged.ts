// Examples of different size within a padded batch.
import type { HostTensor } from '../contracts/index.js';
import { elementCount, hostTensor, zeros } from '../data/arrays.js';

/** Example `at` without its padding. `padded` is it with padding, `lengths` of the free axes of `spec`: [batch, axes]. */
export function withoutPadding(
  padded: HostTensor,
  spec: readonly (number | null)[],
  lengths: HostTensor,
  at: number,
): HostTensor {
  const axes = spec.filter((length) => length === null).length;
  let next = 0;
  const shape = padded.shape.map((length, axis) =>
    spec[axis] === null ? (lengths.data[at * axes + next++] as number) : length,
  );
  const out = zeros(padded.dtype, elementCount(shape));
  copyCorner(padded, shape, out);
  return hostTensor(padded.dtype, shape, out);
}

/** Copies the corner of `from` that has `shape`; both row-major. */
function copyCorner(from: HostTensor, shape: readonly number[], out: HostTensor['data']): void {
  const run = shape.at(-1) ?? 1;
  for (let start = 0; start < out.length; start += run) {
    let rest = start / run;
    let position = 0;
    let stride = from.shape.at(-1) ?? 1;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      position += (rest % (shape[axis] as number)) * stride;
      rest = Math.floor(rest / (shape[axis] as number));
      stride *= from.shape[axis] as number;
    }
    out.set(from.data.subarray(position, position + run), start);
  }
}
