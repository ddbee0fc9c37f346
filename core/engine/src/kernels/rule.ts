// What the engine knows of one TF.js kernel: the shapes it gives, and how it is written in ONNX.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import type { Target } from '../graph/target.js';
import type { DType } from '../host-tensor.js';

/** Shape and dtype of a recorded tensor. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Inputs by the names that TF.js gives them; `x` of AddN, Concat and Pack are lists (TF.js names them by index: '0', '1', …; the recorder keeps those). */
export type KernelInputs<T> = Readonly<Record<string, T | undefined>>;

export type KernelAttributes = Readonly<Record<string, unknown>>;

/** What a lowering sees of one recorded kernel. */
export interface Lowering {
  readonly graph: GraphBuilder;
  readonly inputs: KernelInputs<Value>;
  readonly attributes: KernelAttributes;
  /** Inferred earlier; a lowering must give exactly these. */
  readonly outputs: readonly Shaped[];
  readonly target: Target;
}

export interface KernelRule {
  /** Shapes of the outputs, without computing. Bad operands throw an Error such as `conv2d: filter has 4 input channels, image has 3`. */
  shapes(inputs: KernelInputs<Shaped>, attributes: KernelAttributes): readonly Shaped[];
  /** The same kernel as ONNX operators of opset 21; one value an output. */
  lower(at: Lowering): readonly Value[];
}

/** Kernels by TF.js name. */
export type KernelTable = Readonly<Record<string, KernelRule>>;
