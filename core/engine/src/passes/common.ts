// Computes once what several nodes compute alike.
import type { Graph, Value } from '../graph/graph.js';
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
    if (impure.has(node.op)) return undefined;
    // Names are unique in a graph.
    const key = `${node.op}(${node.inputs.map((input) => input?.name ?? '').join()})${JSON.stringify(node.attributes)}${node.outputs.length}`;
    const same = known.get(key);
    if (!same) known.set(key, node.outputs);
    return same;
  });
}
