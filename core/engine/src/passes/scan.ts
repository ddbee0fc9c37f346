// Takes out of a Scan what nothing reads: results of each step, state that serves only itself, operands.
import { bodiesOf, type Attribute, type Graph, type Node, type Value } from '../graph/graph.js';

/**
 * The node without the outputs that are not `live`, without the state and the operands that only they needed. A training
 * step saves what its backward pass reads; where there is none, this is what frees it. One sequence stays in any case, as
 * it tells how often to repeat.
 */
export function pruneScan(node: Node, live: ReadonlySet<Value>): Node {
  const [entry] = bodiesOf(node);
  const sequences = node.attributes.num_scan_inputs;
  if (node.op !== 'Scan' || !entry || typeof sequences !== 'number') return node;
  const [, { body, captured }] = entry;
  const states = node.inputs.length - sequences - captured;
  const used = usedOutputs(body, states, (i) => live.has(node.outputs[i] as Value));
  const needed = neededValues(
    body,
    [...used].map((i) => body.outputs[i] as Value),
  );
  const outputs = node.outputs.flatMap((_, i) => (used.has(i) ? [i] : []));
  const kept = body.inputs.flatMap((input, i) => {
    if (i < states) return used.has(i) ? [i] : [];
    return needed.has(input) ? [i] : [];
  });
  const inScan = (i: number): boolean => i >= states && i < states + sequences;
  if (!kept.some(inScan)) kept.splice(kept.filter((i) => i < states).length, 0, states);
  if (outputs.length === node.outputs.length && kept.length === body.inputs.length) return node;
  const directions = (name: string, positions: readonly number[]): Record<string, Attribute> => {
    const all = node.attributes[name];
    if (!Array.isArray(all)) return {};
    return positions.length === 0
      ? { [name]: [] }
      : { [name]: positions.map((i) => all[i - states] as number) };
  };
  const inputs = kept.map((i) => body.inputs[i] as Value);
  const attributes = { ...node.attributes };
  return {
    ...node,
    inputs: kept.map((i) => node.inputs[i]),
    outputs: outputs.map((i) => node.outputs[i] as Value),
    attributes: {
      ...attributes,
      num_scan_inputs: kept.filter(inScan).length,
      ...directions('scan_input_directions', kept.filter(inScan)),
      ...directions(
        'scan_output_directions',
        outputs.filter((i) => i >= states),
      ),
      body: {
        body: {
          inputs,
          outputs: outputs.map((i) => body.outputs[i] as Value),
          constants: new Map([...body.constants].filter(([value]) => needed.has(value))),
          nodes: body.nodes.filter((inner) => inner.outputs.some((output) => needed.has(output))),
        },
        captured: kept.filter((i) => i >= states + sequences).length,
      },
    },
  };
}

/** Indices of the outputs that are read outside, or as state by what is. */
function usedOutputs(body: Graph, states: number, live: (index: number) => boolean): Set<number> {
  const used = new Set(body.outputs.flatMap((_, i) => (live(i) ? [i] : [])));
  for (let before = -1; before !== used.size;) {
    before = used.size;
    const needed = neededValues(
      body,
      [...used].map((i) => body.outputs[i] as Value),
    );
    for (let i = 0; i < states; i++) if (needed.has(body.inputs[i] as Value)) used.add(i);
  }
  return used;
}

/** All values that the outputs depend on, themselves included. */
function neededValues(body: Graph, outputs: readonly Value[]): Set<Value> {
  const needed = new Set(outputs);
  for (const inner of body.nodes.toReversed())
    if (inner.outputs.some((output) => needed.has(output)))
      for (const input of inner.inputs) if (input) needed.add(input);
  return needed;
}
