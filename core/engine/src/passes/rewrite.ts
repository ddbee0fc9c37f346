// Walks a graph once, node by node, putting other nodes in place of some.
import type { ElementArray, ElementType, Graph, Node, Value } from '../graph/graph.js';
import { removeDeadCode } from './dead-code.js';

/** What a visitor sees of the graph around a node, and how it makes new nodes. */
export interface Rewriting {
  /** The node of the new graph that makes a value; undefined for inputs and constants. */
  producer(value: Value | undefined): Node | undefined;
  constant(value: Value | undefined): ElementArray | undefined;
  /** How many nodes and outputs used a value before the pass. */
  uses(value: Value): number;
  /** Adds a node with one output. `origin`: that of the node visited, unless given. */
  emit(
    node: Pick<Node, 'op' | 'inputs'> & Partial<Pick<Node, 'attributes' | 'origin'>>,
    like: { readonly shape: readonly number[]; readonly type: ElementType },
  ): Value;
  /** Adds a constant. */
  make(data: ElementArray, shape: readonly number[], type: ElementType): Value;
  /** Adds an int64 vector. */
  ints(values: readonly number[]): Value;
}

/** Gives values in place of a node's outputs, or undefined to keep the node. */
export type Visitor = (node: Node, at: Rewriting) => readonly Value[] | undefined;

/** Applies a visitor to each node in order; what becomes dead is removed. Outputs stay nodes' own. */
export function rewrite(graph: Graph, visit: Visitor): Graph {
  const replaced = new Map<Value, Value>();
  const producers = new Map<Value, Node>();
  const constants = new Map(graph.constants);
  const nodes: Node[] = [];
  const uses = countUses(graph);
  const fresh = freshNames(graph);
  let origin: Node['origin'];
  const add = (node: Node): void => {
    nodes.push(node);
    for (const output of node.outputs) producers.set(output, node);
  };
  const at: Rewriting = {
    producer: (value) => (value ? producers.get(value) : undefined),
    constant: (value) => (value ? constants.get(value) : undefined),
    uses: (value) => uses.get(value) ?? 0,
    emit: ({ op, inputs, attributes = {}, origin: own = origin }, { shape, type }) => {
      const output: Value = { name: fresh(), shape, type };
      add({ op, inputs, outputs: [output], attributes, origin: own });
      return output;
    },
    make: (data, shape, type) => {
      const value: Value = { name: fresh(), shape, type };
      constants.set(value, data);
      return value;
    },
    ints: (values) => at.make(BigInt64Array.from(values, BigInt), [values.length], 'int64'),
  };
  for (const node of graph.nodes) {
    const moved = node.inputs.some((input) => input && replaced.has(input))
      ? { ...node, inputs: node.inputs.map((input) => input && (replaced.get(input) ?? input)) }
      : node;
    ({ origin } = node);
    const values = visit(moved, at);
    if (values) node.outputs.forEach((output, i) => replaced.set(output, values[i] as Value));
    else add(moved);
  }
  origin = undefined;
  const taken = new Set<Value>();
  const outputs = graph.outputs.map((output) => {
    const value = replaced.get(output) ?? output;
    const own =
      producers.has(value) && !taken.has(value) ? value : at.emit({ op: 'Identity', inputs: [value] }, value);
    taken.add(own);
    return own;
  });
  return removeDeadCode({ inputs: graph.inputs, outputs, constants, nodes });
}

function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value | undefined): void => {
    if (value) uses.set(value, (uses.get(value) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  graph.outputs.forEach(count);
  return uses;
}

/** Names that no value of the graph has. */
function freshNames(graph: Graph): () => string {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...[...graph.constants.keys()].map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)),
  ]);
  let count = 0;
  return () => {
    while (taken.has(`p${count}`)) count++;
    return `p${count++}`;
  };
}

/** The constant's element when all its elements are one float. */
export function uniformOf(data: ElementArray | undefined): number | undefined {
  if (!(data instanceof Float32Array)) return undefined;
  const first = data[0];
  return first !== undefined && data.every((x) => Object.is(x, first)) ? first : undefined;
}
