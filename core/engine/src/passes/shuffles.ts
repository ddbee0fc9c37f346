// cancel-shuffles: removes reshapes and transposes that undo one another, and identities.
//   before: Transpose(Transpose(x, [0, 3, 1, 2]), [0, 2, 3, 1]); Reshape(Reshape(x, [6]), [2, 3]) of x [2, 3]
//   after:  x; x
// Gain: a copy of an activation each, and other passes see through what is left. Cleans up after kernels and after the passes that
// move layouts; has no other use and goes with them.
import type { Graph, Node, Value } from '../graph/graph.js';
import { emitReshape } from './blocked/layout.js';
import { rewrite, type Rewriting } from './rewrite.js';

export function cancelShuffles(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    const [x] = node.inputs;
    const [output] = node.outputs;
    if (!x || !output) return undefined;
    if (node.op === 'Identity') return [x];
    if (node.op === 'Reshape') {
      if (sameShape(x, output)) return [x];
      const before = at.producer(x);
      const source = before?.op === 'Reshape' ? before.inputs[0] : undefined;
      if (source && sameShape(source, output)) return [source];
      return source && [at.emit({ ...node, inputs: [source, node.inputs[1]] }, output)];
    }
    return node.op === 'Transpose' ? composedTranspose(node, at) : undefined;
  });
}

/** A transpose of a transpose as one, or none; undefined to keep it as it is. */
export function composedTranspose(node: Node, at: Rewriting): Value[] | undefined {
  const x = node.inputs[0] as Value;
  const output = node.outputs[0] as Value;
  const perm = node.attributes.perm as readonly number[];
  if (perm.every((axis, i) => axis === i)) return [x];
  const before = at.producer(x);
  const source = before?.op === 'Transpose' ? before.inputs[0] : undefined;
  const first = before?.attributes.perm as readonly number[];
  const whole = source ? perm.map((axis) => first[axis] as number) : perm;
  if (source && whole.every((axis, i) => axis === i)) return [source];
  const from = source ?? x;
  if (keepsOrder(whole, from.shape)) return [emitReshape(at, from, output.shape)];
  return source && [at.emit({ op: 'Transpose', inputs: [source], attributes: { perm: whole } }, output)];
}

function sameShape(a: Value, b: Value): boolean {
  return String(a.shape) === String(b.shape);
}

/** A transpose that moves only axes of length 1 leaves the data as it is. */
function keepsOrder(perm: readonly number[], shape: readonly number[]): boolean {
  const moved = perm.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] as number));
}
