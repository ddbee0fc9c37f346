// sink-expansions: computes before spreading instead of after; what is the same along an axis need not be computed all along it.
//   before: s = Expand(m, [64, 32, 32, 16]); y = Sqrt(s)      (m: [1, 1, 1, 16])
//   after:  r = Sqrt(m); y = Expand(r, [64, 32, 32, 16])
// Gain: passes over whole activations become work on a vector: batch norm and its gradient, layer norm, means. Other operators
// broadcast, so the Expand itself mostly goes. May go when TF.js's gradients broadcast instead of tiling.
import { broadcast, sizeOf } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { elementwise } from './elementwise.js';
import { rewrite, type Rewriting, uniformOf } from './rewrite.js';

export function sinkExpansions(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    const output = node.outputs[0] as Value;
    if (node.outputs.length > 1 || !elementwise.has(node.op) || sizeOf(output.shape) < 2) return undefined;
    const operands = node.inputs.map((input) => input && narrow(at, input));
    const shape = operands.reduce<number[]>((all, operand) => broadcast(all, operand?.shape ?? []), []);
    if (sizeOf(shape) >= sizeOf(output.shape)) return undefined;
    const inner =
      neutral(node, operands, at) ?? at.emit({ ...node, inputs: operands }, { shape, type: output.type });
    return [at.emit({ op: 'Expand', inputs: [inner, at.ints(output.shape)] }, output)];
  });
}

/** A value as it is before it is spread. */
function narrow(at: Rewriting, value: Value): Value {
  const producer = at.producer(value);
  if (producer?.op === 'Expand') return producer.inputs[0] as Value;
  const number = uniformOf(at.constant(value));
  return number === undefined || value.shape.length === 0
    ? value
    : at.make(Float32Array.of(number), [], 'float32');
}

/** x * 1, 1 * x, x / 1. */
function neutral({ op }: Node, operands: readonly (Value | undefined)[], at: Rewriting): Value | undefined {
  const [a, b] = operands;
  if (op !== 'Mul' && op !== 'Div') return undefined;
  if (b?.shape.length === 0 && uniformOf(at.constant(b)) === 1) return a;
  return op === 'Mul' && a?.shape.length === 0 && uniformOf(at.constant(a)) === 1 ? b : undefined;
}
