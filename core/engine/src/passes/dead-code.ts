// dead-code: removes nodes, constants and inputs that no output depends on.
//   before: a = Exp(x); b = Sin(x); output a
//   after:  a = Exp(x); output a
// Gain: no time (every other pass removes what it leaves behind, and ONNX Runtime does so too), but inputs that a step does not
// need are not asked for, and a Scan saves only what its backward pass reads. May go when the recorder writes no such nodes.
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
