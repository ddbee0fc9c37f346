// The graphs of one step: a cell's, and its gradient's.
import type { Graph, Value } from '../graph/graph.js';
import type { KernelTable } from '../kernels/rule.js';
import { lower } from '../record/lower.js';
import type { Recorded } from '../record/tape.js';

/** The graph from `inputs` (placeholders, in this order, used or not) to `outputs`. */
export function bodyGraph(
  table: KernelTable,
  inputs: readonly Recorded[],
  outputs: readonly Recorded[],
  replaced?: ReadonlyMap<Recorded, Recorded>,
): Graph {
  const graph = lower(table, outputs, replaced ? { replaced } : {});
  const found = new Map(graph.inputs.map((value) => [value.name, value]));
  return {
    ...graph,
    inputs: inputs.map(({ source, shape, dtype }): Value => {
      if (source.kind !== 'input') throw new Error('internal: an input of a body is not a placeholder');
      return found.get(source.name) ?? { name: source.name, shape, type: dtype };
    }),
  };
}
