// Turns inputs of a graph into constants.
import type { Graph } from './graph.js';
import type { HostTensor } from '../host-tensor.js';

/** The graph with each input named in `values` fixed to its value. Names that are not inputs are ignored. */
export function bindInputs(graph: Graph, values: ReadonlyMap<string, HostTensor>): Graph {
  const constants = new Map(graph.constants);
  const inputs = graph.inputs.filter((input) => {
    const value = values.get(input.name);
    if (value) constants.set(input, value.data);
    return !value;
  });
  return { ...graph, inputs, constants };
}
