// sink-transposes: moves transposes behind elementwise operators, so that those of neighbouring operators meet and cancel.
//   before: r = Relu(Transpose(conv1, NHWC)); y = Conv(Transpose(r, NCHW), w)
//   after:  y = Conv(Relu(conv1), w)
// Gain: TF.js keeps channels last and ONNX first, so without it every plain convolution is wrapped in two transposes. Where
// convolutions are blocked, keep-blocked does the same for blocks. May go when ONNX Runtime's convolutions take channels last.
import type { Graph, Node, Value } from '../graph/graph.js';
import { emitReshape } from './blocked/layout.js';
import { binary, unary } from './elementwise.js';
import { rewrite, type Rewriting } from './rewrite.js';
import { composedTranspose } from './shuffles.js';

export function sinkTransposes(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    const output = node.outputs[0] as Value;
    // At once: one that waited would part from its inverse when it is moved.
    if (node.op === 'Transpose') return composedTranspose(node, at);
    if (node.outputs.length > 1 || !(unary.has(node.op) || binary.has(node.op))) return undefined;
    const perm = sharedPerm(node, at);
    if (perm?.length !== output.shape.length) return undefined;
    const operands = node.inputs.map((input) => input && before(input, perm, unary.has(node.op), at));
    if (operands.includes(undefined)) return undefined;
    const inner = at.emit(
      { ...node, inputs: operands },
      { shape: unpermuted(output.shape, perm), type: output.type },
    );
    return [at.emit({ op: 'Transpose', inputs: [inner], attributes: { perm } }, output)];
  });
}

/** The permutation of the transposes among the operands, if they all have the same. */
function sharedPerm(node: Node, at: Rewriting): readonly number[] | undefined {
  const perms = node.inputs.flatMap((input) => {
    const producer = at.producer(input);
    return producer?.op === 'Transpose' ? [producer.attributes.perm as readonly number[]] : [];
  });
  const [first] = perms;
  return first && perms.every((perm) => String(perm) === String(first)) ? first : undefined;
}

/** The operand as it is before the transpose; undefined when that would cost a transpose of its own. */
function before(value: Value, perm: readonly number[], only: boolean, at: Rewriting): Value | undefined {
  const producer = at.producer(value);
  if (producer?.op === 'Transpose') return producer.inputs[0];
  // The further inputs of a unary operator (Clip's limits) are scalars.
  if (only || value.shape.length === 0) return value;
  if (value.shape.filter((length) => length !== 1).length > 1) return undefined;
  // One long axis at most: a reshape moves it.
  const full = [...perm.map(() => 1).slice(value.shape.length), ...value.shape];
  const shape = unpermuted(full, perm);
  return emitReshape(at, value, shape);
}

/** The shape that `perm` turns into `shape`. */
function unpermuted(shape: readonly number[], perm: readonly number[]): number[] {
  const source: number[] = [];
  perm.forEach((axis, i) => {
    source[axis] = shape[i] as number;
  });
  return source;
}
