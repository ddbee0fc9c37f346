// Computes once what several nodes compute alike.
import { bodiesOf, type Graph, type Value } from '../graph/graph.js';
import { rewrite } from './rewrite.js';

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
  return rewrite(graph, (node) => {
    // The text of attributes below says nothing of the graphs within a node.
    if (impure.has(node.op) || bodiesOf(node).length > 0) return undefined;
    // Names are unique in a graph.
    const key = `${node.op}(${node.inputs.map((input) => input?.name ?? '').join()})${JSON.stringify(node.attributes)}${node.outputs.length}`;
    const same = known.get(key);
    if (!same) known.set(key, node.outputs);
    return same;
  });
}
