// Forms of fields that several data sets have in common.
import type { TensorSpec, TensorSpecs } from '../contracts/index.js';

/** What both forms fit in: an axis that is free in one is free. Undefined where they do not agree. */
function commonForm(a: TensorSpec, b: TensorSpec): TensorSpec | undefined {
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

/** Fields that all have in one form, in the order of the first. */
export function commonFields([first = {}, ...others]: readonly TensorSpecs[]): Record<string, TensorSpec> {
  const fields: Record<string, TensorSpec> = {};
  for (const [name, own] of Object.entries(first)) {
    let form: TensorSpec | undefined = own;
    for (const other of others) form = form && other[name] && commonForm(form, other[name]);
    if (form) fields[name] = form;
  }
  return fields;
}
