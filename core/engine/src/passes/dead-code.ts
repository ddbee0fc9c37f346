// Removes nodes, constants and inputs that no output depends on.
import type { Graph, Node, Value } from '../graph/graph.js';
import { pruneScan } from './scan.js';

export function removeDeadCode(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs);
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    const left = pruneScan(node, live);
    for (const input of left.inputs) if (input) live.add(input);
    nodes.push(left);
  }
  return {
    inputs: graph.inputs.filter((input) => live.has(input)),
    outputs: graph.outputs,
    constants: new Map([...graph.constants].filter(([value]) => live.has(value))),
    nodes: nodes.reverse(),
  };
}
