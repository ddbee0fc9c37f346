// share-common: computes once what several nodes compute alike.
//   before: a = Exp(x); b = Exp(x)
//   after:  a = Exp(x), used twice
// Gain: gradients recompute parts of the forward pass, transposed filters and reordered images among them. ONNX Runtime shares
// too, but after our passes are done, which would not see that two operands are one. May go when each kernel is recorded once.
import { bodiesOf, type Graph, type Value } from '../graph/graph.js';
import { rewrite, type Rewriting } from './rewrite.js';

/** Operators whose results differ from run to run. */
const impure = new Set([
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
]);

export function shareCommon(graph: Graph): Graph {
  const known = new Map<string, readonly Value[]>();
  return rewrite(graph, (node, at) => {
    // The text of attributes below says nothing of the graphs within a node.
    if (impure.has(node.op) || bodiesOf(node).length > 0) return undefined;
    const key = `${node.op}(${node.inputs.map((input) => identity(input, at)).join()})${JSON.stringify(node.attributes)}${node.outputs.length}`;
    const same = known.get(key);
    if (!same) known.set(key, node.outputs);
    return same;
  });
}

/** Constants of more elements are told apart by their names alone. */
const compared = 64;

/** Names are unique in a graph; small constants are what they hold. */
function identity(value: Value | undefined, at: Rewriting): string {
  const data = at.constant(value);
  if (!value || !data || data.length > compared) return value?.name ?? '';
  const elements = Array.from(data as ArrayLike<number | bigint>, (x) =>
    Object.is(x, -0) ? '-0' : String(x),
  );
  return `${value.type}[${value.shape.join()}]{${elements.join()}}`;
}
