// How much memory the values of a graph take at once while it runs.
import { bodiesOf, type ElementType, type Graph, type Node, type Value } from './graph.js';
import { sizeOf } from './builder.js';

const elementBytes: Record<ElementType, number> = { float32: 4, int32: 4, int64: 8, bool: 1 };

/** Bytes of a value. */
export function bytesOf({ shape, type }: Pick<Value, 'shape' | 'type'>): number {
  return sizeOf(shape) * elementBytes[type];
}

/** Operators whose output is their first input under another shape: ONNX Runtime gives both one piece of memory. */
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);

/** Elementwise operators, which may write over an input that nothing reads any more. */
const inPlace = new Set(
  'Abs Add And Cast Ceil Clip Cos Div Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Log Mul Neg Not Or Reciprocal Relu Round Selu Sigmoid Sign Sin Softmax Softplus Sqrt Sub Tanh'.split(
    ' ',
  ),
);

/**
 * The order in which ONNX Runtime runs a graph: depth first from the last result that nothing else reads back to what it
 * needs, the later of a node's operands first.
 */
export function runOrder(graph: Graph): readonly Node[] {
  const position = new Map(graph.nodes.map((node, i) => [node, i] as const));
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack = graph.nodes
    .filter(({ outputs }) => !outputs.some((output) => read.has(output)))
    .map((node) => ({ node, done: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.done) {
      order.push(top.node);
      continue;
    }
    if (seen.has(top.node)) continue;
    seen.add(top.node);
    stack.push({ node: top.node, done: true });
    const operands = top.node.inputs.flatMap((input) => {
      const producer = input && producers.get(input);
      return producer && !seen.has(producer) ? [producer] : [];
    });
    operands.sort((a, b) => (position.get(a) as number) - (position.get(b) as number));
    for (const node of operands) stack.push({ node, done: false });
  }
  return order;
}

/**
 * The most bytes that values made by nodes take at once when the graph is run node by node. Inputs, constants and
 * outputs do not count: their memory is there before and after. Views and operators that write over their input take
 * none of their own.
 */
export function peakBytes(graph: Graph): number {
  const order = runOrder(graph);
  const buffers = buffersOf(graph, order);
  let live = 0;
  let peak = 0;
  const ends = endsOf(order, buffers);
  order.forEach((node, i) => {
    for (const output of node.outputs) {
      const buffer = buffers.get(output);
      if (buffer?.first === output) live += buffer.bytes;
    }
    peak = Math.max(peak, live + within(node));
    for (const buffer of ends.get(i) ?? []) live -= buffer.bytes;
  });
  return peak;
}

/** A piece of memory, which several values may share one after another. */
interface Buffer {
  readonly bytes: number;
  /** The value that it is taken for. */
  readonly first: Value;
}

/** The memory of each value that needs some for the run. */
function buffersOf(graph: Graph, order: readonly Node[]): ReadonlyMap<Value, Buffer> {
  const kept = new Set<Value>([...graph.inputs, ...graph.constants.keys(), ...graph.outputs]);
  const left = new Map<Buffer, number>();
  const readers = new Map<Value, number>();
  for (const { inputs } of order)
    for (const input of inputs) if (input) readers.set(input, (readers.get(input) ?? 0) + 1);
  const buffers = new Map<Value, Buffer>();
  for (const node of order) {
    const reused = reusable(node, buffers, left);
    for (const input of node.inputs) {
      const buffer = input && buffers.get(input);
      if (buffer) left.set(buffer, (left.get(buffer) ?? 0) - 1);
    }
    node.outputs.forEach((output, i) => {
      if (kept.has(output)) return;
      const buffer = (i === 0 ? reused : undefined) ?? { bytes: bytesOf(output), first: output };
      buffers.set(output, buffer);
      left.set(buffer, (left.get(buffer) ?? 0) + (readers.get(output) ?? 0));
    });
  }
  return buffers;
}

/** The input's memory that the first output of a node takes over. */
function reusable(
  { op, inputs, outputs }: Node,
  buffers: ReadonlyMap<Value, Buffer>,
  left: ReadonlyMap<Buffer, number>,
): Buffer | undefined {
  const [first] = inputs;
  if (views.has(op)) return first && buffers.get(first);
  const [output] = outputs;
  if (!output || !inPlace.has(op)) return undefined;
  for (const input of inputs) {
    const buffer = input && buffers.get(input);
    const reads = inputs.filter((other) => other === input).length;
    if (buffer?.bytes === bytesOf(output) && left.get(buffer) === reads) return buffer;
  }
  return undefined;
}

/** After which step of the run each piece of memory is free. */
function endsOf(order: readonly Node[], buffers: ReadonlyMap<Value, Buffer>): ReadonlyMap<number, Buffer[]> {
  const last = new Map<Buffer, number>();
  order.forEach(({ inputs, outputs }, i) => {
    for (const value of [...inputs, ...outputs]) {
      const buffer = value && buffers.get(value);
      if (buffer) last.set(buffer, i);
    }
  });
  const ends = new Map<number, Buffer[]>();
  for (const [buffer, i] of last) {
    const list = ends.get(i);
    if (list) list.push(buffer);
    else ends.set(i, [buffer]);
  }
  return ends;
}

/** What the graphs within a node take while it runs. */
function within(node: Node): number {
  return Math.max(0, ...bodiesOf(node).map(([, { body }]) => peakBytes(body)));
}
