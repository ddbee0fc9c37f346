// Forms of fields that several data sets have in common.
import type { TensorSpec } from '../contracts/index.js';

/** What both forms fit in: an axis that is free in one is free. Undefined where they do not agree. */
export function commonForm(a: TensorSpec, b: TensorSpec): TensorSpec | undefined {
  if (a.dtype !== b.dtype || a.shape.length !== b.shape.length) return undefined;
  const free = (axis: number) => a.shape[axis] === null || b.shape[axis] === null;
  if (a.shape.some((length, axis) => length !== b.shape[axis] && !free(axis))) return undefined;
  const shape = a.shape.map((length, axis) => (free(axis) ? null : length));
  // Names of free axes are those of the part that has all of them.
  const named = [a, b].find(
    (each) => each.free && each.shape.every((length, axis) => length === shape[axis]),
  );
  return {
    dtype: a.dtype,
    shape,
    ...(a.layout === undefined ? {} : { layout: a.layout }),
    ...(named?.free ? { free: named.free } : {}),
  };
}
