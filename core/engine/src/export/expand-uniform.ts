// One way to write a tensor of a repeated number, whatever its size.
import { mapBodies } from '../graph/bodies.js';
import type { ElementArray, Graph, Value } from '../graph/graph.js';
import { rewrite } from '../passes/rewrite.js';

/**
 * Constants of one repeated number become one element, expanded; small ones are written out elsewhere, and which are
 * small depends on the batch size. Values named in `keep` (weights) stay as they are.
 */
export function expandUniform(graph: Graph, keep: ReadonlySet<string>): Graph {
  const expanded = rewrite(graph, (node, at) => {
    const inputs = node.inputs.map((input) => {
      const data = at.constant(input);
      if (!input || !data || keep.has(input.name) || !repeats(input, data)) return input;
      const one = at.make(data.slice(0, 1), [], input.type);
      return at.emit({ op: 'Expand', inputs: [one, at.ints(input.shape)] }, input);
    });
    if (node.outputs.length !== 1 || inputs.every((input, i) => input === node.inputs[i])) return undefined;
    return [at.emit({ ...node, inputs }, node.outputs[0] as Value)];
  });
  return mapBodies(expanded, (body) => expandUniform(body, new Set()));
}

/** int64 vectors are shape data, not tensors. */
function repeats({ type }: Value, data: ElementArray): boolean {
  return data.length > 1 && type !== 'int64' && [...data].every((x) => Object.is(x, data[0]));
}
