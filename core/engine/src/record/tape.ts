// What recording writes down: kernels with their operands, inputs, constants.
import { EngineError, type EngineErrorCode } from '../errors.js';
import { sizeOf } from '../graph/builder.js';
import type { KernelAttributes } from '../kernels/rule.js';
import type { DType } from '../host-tensor.js';
import { userLine } from './location.js';

/** Host data of a constant; `fill` when all elements are equal. */
export type ConstantData =
  { readonly fill: number } | { readonly values: Float32Array | Int32Array | Uint8Array };

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'kernel'; readonly kernel: TapedKernel; readonly index: number };

/** One tensor of a recording. It is itself the `dataId` of its TF.js tensors. */
export class Recorded {
  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    readonly source: Source,
  ) {}
}

/** One kernel that TF.js ran. */
export interface TapedKernel {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Recorded | undefined>>;
  readonly attributes: KernelAttributes;
  readonly outputs: readonly Recorded[];
  /** The user's line, found when asked for: formatting a stack is slow. */
  readonly line: () => string | undefined;
}

/** The most elements that a constant may have unless they are all equal. */
export const largestConstant = 1024;

/** A recording under way. */
export class Tape {
  /** `lines`: whether to keep what finds the user's line of each kernel, which takes a third of the recording. */
  constructor(readonly lines = true) {}

  readonly kernels: TapedKernel[] = [];
  /** Tensors from outside, by their dataId. */
  readonly captured = new Map<object, Recorded>();
  /** Names of TF.js variables that are not part of the definition, by placeholder. */
  readonly strangers = new Map<Recorded, string>();
  /** The line of the operation whose gradient is being computed, or was last. */
  differentiated: (() => string | undefined) | undefined;
  /** Stands for the line of kernels that no line of the user's made: `update rule`. */
  part: string | undefined;
  /** The first refusal. Kept, as the step may have caught it. */
  failure: Error | undefined;

  /** Refuses what the step did, naming the user's line (`null`: no single line did it). */
  refuse(
    code: EngineErrorCode,
    message: string,
    hint: string,
    line: string | null = userLine(new Error()) ?? null,
  ): never {
    const error = new EngineError(code, line === null ? message : `${message}\n  at ${line}`, {
      hint,
      ...(line === null ? {} : { location: line }),
    });
    this.failure ??= error;
    throw error;
  }

  /** Finds the variable behind a tensor that the definition does not know. */
  checkKnown(tensor: Recorded): void {
    const name = this.strangers.get(tensor);
    if (name === undefined) return;
    this.refuse(
      'ENGINE_STATE',
      `the step uses the variable \`${name}\`, which is not among the definition's variables`,
      'List it in `variables`, with `trainable: false` when it must not be trained.',
    );
  }
}

/** Keeps one number when all elements are equal. -0 and NaN count as themselves. */
export function compact(values: ArrayLike<number>, dtype: DType): ConstantData {
  const first = values[0];
  if (first !== undefined && allEqual(values, first)) return { fill: first };
  return {
    values:
      dtype === 'float32'
        ? Float32Array.from(values)
        : dtype === 'int32'
          ? Int32Array.from(values)
          : Uint8Array.from(values),
  };
}

function allEqual(values: ArrayLike<number>, first: number): boolean {
  // As bits, which tell -0 from 0 and a NaN from others as `Object.is` does; ones of a whole image come often.
  const bits =
    values instanceof Float32Array && values.byteOffset % 4 === 0
      ? new Uint32Array(values.buffer, values.byteOffset, values.length)
      : undefined;
  if (bits) {
    const [pattern] = bits;
    for (const bit of bits) if (bit !== pattern) return false;
    return true;
  }
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

/** A tensor as messages show it: `float32[2,3]`. */
export function show(tensor: { readonly dtype: string; readonly shape: readonly number[] }): string {
  return `${tensor.dtype}[${tensor.shape}]`;
}

/** Refuses a constant of many different elements. */
export function refuseLarge(tape: Tape, shape: readonly number[], dtype: DType): never {
  return tape.refuse(
    'ENGINE_BAKED_CONSTANT',
    `the step uses host data of ${sizeOf(shape)} elements (${dtype}[${shape}]), which would be frozen into the graph`,
    `Pass it as an input, or hold it in a variable with \`trainable: false\`. Constants have at most ${largestConstant} elements.`,
  );
}
