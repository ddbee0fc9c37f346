// Coefficients of sums: small tensors that are the same along most axes of what they multiply.
import { broadcast, sizeOf } from '../../graph/builder.js';
import type { Value } from '../../graph/graph.js';
import type { Rewriting } from '../rewrite.js';

/** `factor` times `value`, or the factor alone. */
export interface Coefficient {
  readonly factor: number;
  readonly value: Value | undefined;
}

export const one: Coefficient = { factor: 1, value: undefined };

export const isOne = ({ factor, value }: Coefficient): boolean => factor === 1 && value === undefined;

/** A tensor this many times smaller than another counts as a coefficient of it. */
const smaller = 8;

export function isSmall(shape: readonly number[], whole: readonly number[]): boolean {
  const size = sizeOf(shape);
  return (size === 1 || size * smaller <= sizeOf(whole)) && shape.length <= whole.length;
}

/** The product, or undefined when it would no longer be small beside `whole`. */
export function times(
  at: Rewriting,
  a: Coefficient,
  b: Coefficient,
  whole: readonly number[],
): Coefficient | undefined {
  const factor = a.factor * b.factor;
  if (!a.value || !b.value) return { factor, value: a.value ?? b.value };
  const shape = broadcast(a.value.shape, b.value.shape);
  if (!isSmall(shape, whole)) return undefined;
  return { factor, value: at.emit({ op: 'Mul', inputs: [a.value, b.value] }, { shape, type: 'float32' }) };
}

/** The sum, or undefined when it would no longer be small beside `whole`. */
export function plus(
  at: Rewriting,
  a: Coefficient,
  b: Coefficient,
  whole: readonly number[],
): Coefficient | undefined {
  if (!a.value && !b.value) return { factor: a.factor + b.factor, value: undefined };
  const shape = broadcast(a.value?.shape ?? [], b.value?.shape ?? []);
  if (!isSmall(shape, whole)) return undefined;
  if (a.value && a.value === b.value) return { factor: a.factor + b.factor, value: a.value };
  const [x, y] = [materialize(at, a), materialize(at, b)];
  return { factor: 1, value: at.emit({ op: 'Add', inputs: [x, y] }, { shape, type: 'float32' }) };
}

export function inverse(at: Rewriting, { factor, value }: Coefficient): Coefficient {
  return {
    factor: 1 / factor,
    value: value && at.emit({ op: 'Reciprocal', inputs: [value] }, value),
  };
}

/** The coefficient as a tensor. */
export function materialize(at: Rewriting, { factor, value }: Coefficient): Value {
  const number = (x: number): Value => at.make(Float32Array.of(x), [], 'float32');
  if (!value) return number(factor);
  return factor === 1 ? value : at.emit({ op: 'Mul', inputs: [value, number(factor)] }, value);
}

/** Whether the coefficient is the same along axes of a tensor of that rank. */
export function isConstantAlong({ value }: Coefficient, axes: readonly number[], rank: number): boolean {
  if (!value) return true;
  const missing = rank - value.shape.length;
  return axes.every((axis) => axis < missing || value.shape[axis - missing] === 1);
}
