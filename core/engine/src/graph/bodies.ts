// Changes the graphs within the nodes of a graph.
import { type Attribute, bodiesOf, type Graph, type Node } from './graph.js';

/** The graph with `change` made to the bodies of its nodes. Each body keeps its inputs, used or not: its node counts on them. */
export function mapBodies(graph: Graph, change: (body: Graph, node: Node) => Graph): Graph {
  let changed = false;
  const nodes = graph.nodes.map((node): Node => {
    const bodies = bodiesOf(node);
    if (bodies.length === 0) return node;
    changed = true;
    const attributes: Record<string, Attribute> = { ...node.attributes };
    for (const [name, { body, captured }] of bodies)
      attributes[name] = { body: { ...change(body, node), inputs: body.inputs }, captured };
    return { ...node, attributes };
  });
  return changed ? { ...graph, nodes } : graph;
}
