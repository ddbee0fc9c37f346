// Gives values of a graph other names.
import type { Graph, Value } from './graph.js';

/** The same graph with `names` taken over; any other value that bears one of those names gets a suffix. */
export function renameValues(graph: Graph, names: ReadonlyMap<Value, string>): Graph {
  const taken = new Set(names.values());
  const renamed = new Map<Value, Value>();
  const of = (value: Value): Value => {
    const known = renamed.get(value);
    if (known) return known;
    let name = names.get(value);
    if (name === undefined) {
      name = value.name;
      for (let i = 1; taken.has(name); i++) name = `${value.name}_${i}`;
      taken.add(name);
    }
    const made = { ...value, name };
    renamed.set(value, made);
    return made;
  };
  return {
    inputs: graph.inputs.map(of),
    outputs: graph.outputs.map(of),
    constants: new Map([...graph.constants].map(([value, data]) => [of(value), data])),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => input && of(input)),
      outputs: node.outputs.map(of),
    })),
  };
}
