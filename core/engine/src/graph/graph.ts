// The graph between a recorded step and ONNX: operators named as ONNX names them, every value with its shape.
import type { DType } from '../host-tensor.js';

/** Element types inside a graph: those of tensors, and int64, which ONNX uses for shapes and axes. */
export type ElementType = DType | 'int64';

export type ElementArray = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** One edge of the graph. Identity is object identity; `name` is unique in its graph. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/**
 * A graph within a node: what a Scan repeats. It is closed: it reads its own inputs and constants and nothing of the
 * graph around it, and its names are its own. Its inputs are those that the operator defines, then `captured` more, to
 * which the last `captured` inputs of the node are passed unchanged (ONNX has them captured by name: see onnx/encode.ts).
 */
export interface Body {
  readonly body: Graph;
  readonly captured: number;
}

export type Attribute = number | string | readonly number[] | { readonly float: number } | Body;

/** What a node came from: the TF.js kernel and, when known, the user's line. */
export interface Origin {
  readonly kernel: string;
  readonly line: string | undefined;
}

export interface Node {
  /** As ONNX names it; `domain:Name` for operators that are not ONNX's own. */
  readonly op: string;
  /** `undefined` is an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly origin: Origin | undefined;
}

/** Nodes in an order in which they can run. Passes take one and give another. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: ReadonlyMap<Value, ElementArray>;
  readonly nodes: readonly Node[];
}

/** The graphs within a node, by attribute. */
export function bodiesOf(node: Node): [string, Body][] {
  return Object.entries(node.attributes).flatMap(([name, value]): [string, Body][] =>
    typeof value === 'object' && 'body' in value ? [[name, value]] : [],
  );
}
