// fold-constants: computes beforehand what is known: arithmetic on tensors of one repeated number, and neutral elements.
//   before: dy = Mul(Expand(1, [128, 10]), 0.5); z = Add(Mul(x, 1), 0)
//   after:  dy = Expand(0.5, [128, 10]); z = x
// Gain: none on the members of the bench, where ONNX Runtime folds the same. It stays for losses whose gradients scale whole tensors
// by numbers that collect-affine must know to join them: a step with logit matching has 30 nodes instead of 36, one with cosine
// distances, powers or moments one or two passes less. May go when collect-affine evaluates constants itself.
import { broadcast, sizeOf } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from './rewrite.js';

const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

const unary: Readonly<Record<string, (a: number) => number>> = {
  Neg: (a) => -a,
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Reciprocal: (a) => 1 / a,
};

/** Operators that only rearrange or repeat their first input. */
const rearranging = new Set(['Identity', 'Reshape', 'Transpose', 'Expand', 'Tile', 'Squeeze', 'Unsqueeze']);

/** Above this many elements a repeated number is expanded within the graph instead of written out. */
const writtenOut = 64;

/** Backward passes start from ones, scaled and divided; all of that is one number by the time it meets data. */
export function foldConstants(graph: Graph): Graph {
  // Values of the graph that are one number throughout, whether written out or not.
  const uniform = new Map<Value, number>();
  return rewrite(graph, (node, at) => {
    const numberOf = (value: Value | undefined): number | undefined =>
      value && (uniform.get(value) ?? uniformOf(at.constant(value)));
    const [output] = node.outputs;
    if (!output || node.outputs.length > 1 || output.type !== 'float32') return undefined;
    const known = evaluate(node, numberOf);
    if (known !== undefined && sizeOf(output.shape) > 0) {
      const value = written(at, Math.fround(known), output);
      uniform.set(value, Math.fround(known));
      return [value];
    }
    return neutral(node, numberOf) ?? scalarOperand(node, at, numberOf);
  });
}

function evaluate(
  node: Node,
  numberOf: (value: Value | undefined) => number | undefined,
): number | undefined {
  const a = numberOf(node.inputs[0]);
  if (a === undefined) return undefined;
  if (rearranging.has(node.op)) return a;
  const one = unary[node.op];
  if (one) return one(a);
  const two = binary[node.op];
  const b = two && numberOf(node.inputs[1]);
  return b === undefined ? undefined : two?.(a, b);
}

function written(at: Rewriting, number: number, { shape, type }: Value): Value {
  const size = sizeOf(shape);
  if (size <= writtenOut) return at.make(new Float32Array(size).fill(number), shape, type);
  const one = at.make(Float32Array.of(number), [], type);
  return at.emit({ op: 'Expand', inputs: [one, at.ints(shape)] }, { shape, type });
}

/** x * 1, x / 1, x + 0, x - 0. */
function neutral(
  { op, inputs, outputs }: Node,
  numberOf: (value: Value | undefined) => number | undefined,
): Value[] | undefined {
  const [a, b] = inputs;
  if (!a || !b || !(op in binary)) return undefined;
  const unit = op === 'Mul' || op === 'Div' ? 1 : 0;
  const same = (value: Value): boolean => String(value.shape) === String(outputs[0]?.shape);
  if (numberOf(b) === unit && same(a)) return [a];
  if ((op === 'Mul' || op === 'Add') && numberOf(a) === unit && same(b)) return [b];
  return undefined;
}

/** A repeated number needs no more than one element where the other operand has the whole shape. */
function scalarOperand(
  node: Node,
  at: Rewriting,
  numberOf: (value: Value | undefined) => number | undefined,
): Value[] | undefined {
  const [a, b] = node.inputs;
  const output = node.outputs[0] as Value;
  if (!a || !b || !(node.op in binary)) return undefined;
  const shrink = (value: Value, other: Value): Value => {
    const number = numberOf(value);
    if (number === undefined || value.shape.length === 0) return value;
    if (String(broadcast([], other.shape)) !== String(output.shape)) return value;
    return at.make(Float32Array.of(number), [], 'float32');
  };
  const inputs = [shrink(a, b), shrink(b, a)];
  if (inputs[0] === a && inputs[1] === b) return undefined;
  return [at.emit({ op: node.op, inputs, attributes: node.attributes }, output)];
}
