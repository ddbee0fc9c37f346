// Reads the operands and attributes of one recorded kernel, with errors that name what is wrong.
import { EngineError } from '../errors.js';
import type { DType } from '../host-tensor.js';
import type { KernelAttributes, KernelInputs, Shaped } from './rule.js';

/** An error that the user can fix: an operand that does not fit. */
export function misfit(message: string, hint?: string): EngineError {
  return new EngineError('ENGINE_SHAPE', message, hint === undefined ? {} : { hint });
}

/** A kernel that is known but cannot be lowered with these attributes. */
export function unsupported(message: string, hint: string): EngineError {
  return new EngineError('ENGINE_NO_LOWERING', message, { hint });
}

/** The operand of that name; TF.js always passes it, so its absence is our bug. */
export function operand<T>(inputs: KernelInputs<T>, name: string): T {
  const value = inputs[name];
  if (value === undefined || value === null) throw new Error(`internal: kernel operand ${name} is missing`);
  return value;
}

/** An operand that a kernel may leave out; TF.js passes `undefined` or `null` then. */
export function optional<T>(inputs: KernelInputs<T>, name: string): T | undefined {
  return inputs[name] ?? undefined;
}

/** The operands '0', '1', … of a kernel that takes a list. */
export function operandList<T>(inputs: KernelInputs<T>): T[] {
  const list: T[] = [];
  for (let i = 0; ; i++) {
    const value = inputs[String(i)];
    if (value === undefined) return list;
    list.push(value);
  }
}

/** A number attribute, or the default when absent. */
export function numberOf(attributes: KernelAttributes, name: string, fallback?: number): number {
  const value = attributes[name];
  if (typeof value === 'number') return value;
  if ((value === undefined || value === null) && fallback !== undefined) return fallback;
  throw new Error(`internal: kernel attribute ${name} is not a number`);
}

/** An attribute that is one number or a list, as a list. */
export function numbersOf(attributes: KernelAttributes, name: string): number[] {
  const value = attributes[name];
  if (typeof value === 'number') return [value];
  if (Array.isArray(value) && value.every((x): x is number => typeof x === 'number')) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number>, Number);
  }
  throw new Error(`internal: kernel attribute ${name} is not a list of numbers`);
}

/** A list of [before, after] pairs. */
export function pairsOf(attributes: KernelAttributes, name: string): (readonly [number, number])[] {
  const value = attributes[name];
  if (!Array.isArray(value)) throw new Error(`internal: kernel attribute ${name} is not a list of pairs`);
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || typeof pair[0] !== 'number' || typeof pair[1] !== 'number') {
      throw new Error(`internal: kernel attribute ${name} is not a list of pairs`);
    }
    return [pair[0], pair[1]] as const;
  });
}

export function flagOf(attributes: KernelAttributes, name: string): boolean {
  return attributes[name] === true;
}

export function textOf(attributes: KernelAttributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === 'string' ? value : undefined;
}

/** A dtype attribute; the engine has float32, int32 and bool. */
export function dtypeOf(attributes: KernelAttributes, kernel: string, fallback: DType): DType {
  const value = attributes.dtype ?? fallback;
  if (value === 'float32' || value === 'int32' || value === 'bool') return value;
  throw unsupported(
    `${kernel}: dtype ${typeof value === 'string' ? value : typeof value} has no place in a graph`,
    'use float32, int32 or bool',
  );
}

/** Axes counted from the front, sorted; `null` and `undefined` mean all. */
export function axesOf(axis: unknown, rank: number, kernel: string): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: rank }, (_, i) => i);
  const list = (Array.isArray(axis) ? axis : [axis]) as unknown[];
  const axes = list.map((value) => {
    if (typeof value !== 'number') throw new Error(`internal: ${kernel} has a non-numeric axis`);
    return axisOf(value, rank, kernel);
  });
  return [...new Set(axes)].sort((a, b) => a - b);
}

/** One axis counted from the front. */
export function axisOf(axis: number, rank: number, kernel: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw misfit(`${kernel}: axis ${axis} is not an axis of a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** The type that holds values of both: bool < int32 < float32. */
export function wider(a: DType, b: DType): DType {
  if (a === 'float32' || b === 'float32') return 'float32';
  return a === 'int32' || b === 'int32' ? 'int32' : 'bool';
}

/** NumPy broadcasting, with a user's error. */
export function broadcastShapes(a: readonly number[], b: readonly number[], kernel: string): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw misfit(`${kernel}: shapes [${a.join(',')}] and [${b.join(',')}] do not broadcast`);
    }
    return x === 1 ? y : x;
  });
}

/** The shape of a value as the engine's dtypes know it. */
export function shaped(shape: readonly number[], dtype: DType): Shaped {
  return { shape, dtype };
}

/** The name by which users call a kernel: RealDiv -> realDiv, BatchMatMul -> batchMatMul. */
export function opName(kernel: string): string {
  return kernel.replace(/^_/, '').replace(/^[A-Z]+(?=[A-Z]|$)|^[A-Z]/, (head) => head.toLowerCase());
}
