// Axes of varying length: their names, and how long they are in examples.
import type { Bucket, DataDescription, Example, TensorSpec, TensorSpecs } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** One axis of varying length. */
export interface FreeAxis {
  readonly field: string;
  /** Position in the shape of one example. */
  readonly axis: number;
  /** Its name; axes of one name have one length. */
  readonly name: string;
}

/**
 * The `null` axes of one field, in order.
 * @throws PotstillError DATA_DAMAGED where `free` does not name each of them.
 */
export function freeAxesOf(field: string, { shape, free }: TensorSpec): FreeAxis[] {
  const axes = shape.flatMap((length, axis) => (length === null ? [axis] : []));
  if (free !== undefined && free.length !== axes.length)
    throw new PotstillError({
      code: 'DATA_DAMAGED',
      message: `\`${field}\` has ${axes.length} axes of varying length, and \`free\` names ${free.length}: ${free.join(', ')}`,
      hint: '`free` has one name for each `null` of `shape`, in their order.',
    });
  return axes.map((axis, k) => ({
    field,
    axis,
    name: free?.[k] ?? (axes.length === 1 ? field : `${field}.${k}`),
  }));
}

/** The `null` axes of all fields. */
export function freeAxes(spec: TensorSpecs): FreeAxis[] {
  return Object.entries(spec).flatMap(([field, each]) => freeAxesOf(field, each));
}

/**
 * What an unnamed axis of an output follows: the only axis of varying length of the inputs, else of all fields. Undefined where
 * there are several.
 */
export function onlyAxis({ spec, inputs }: Pick<DataDescription, 'spec' | 'inputs'>): string | undefined {
  const names = (axes: readonly FreeAxis[]) => [...new Set(axes.map(({ name }) => name))];
  const all = freeAxes(spec);
  const own = names(all.filter(({ field }) => inputs.includes(field)));
  const [only, ...others] = own.length > 0 ? own : names(all);
  return others.length > 0 ? undefined : only;
}

/** Whether any field has an axis of varying length. */
export function isRagged(spec: TensorSpecs): boolean {
  return Object.values(spec).some(({ shape }) => shape.includes(null));
}

/** An example's length along each axis, by axis name. Fields that are missing are left out. */
export function lengthsOf(example: Example, axes: readonly FreeAxis[]): Bucket {
  const lengths: Record<string, number> = {};
  for (const { field, axis, name } of axes) {
    const length = example[field]?.shape[axis];
    if (length !== undefined) lengths[name] = Math.max(lengths[name] ?? 0, length);
  }
  return lengths;
}

/** The longest of each axis. */
export function longestOf(all: Iterable<Bucket>): Record<string, number> {
  const longest: Record<string, number> = {};
  for (const lengths of all)
    for (const [name, length] of Object.entries(lengths))
      longest[name] = Math.max(longest[name] ?? 0, length);
  return longest;
}
