// Says where the time of a graph goes: by operator, and by the user's line.
import type * as ort from '../onnx-runtime.js';
import { EngineError } from '../errors.js';
import type { Graph, Node } from '../graph/graph.js';
import { encodeGraph } from '../onnx/encode.js';
import type { ExplainedLine, ExplainedOperator, ExplainOptions, Explanation } from '../types.js';
import { type ProfiledNode, profileModel } from './profile.js';
import { type ProgramOptions, sessionOptions } from './program.js';

/** Stands for the line of nodes that ONNX Runtime put in, such as those that change layouts. */
const addedLine = 'added by ONNX Runtime';
/** Stands for the line of nodes of which the engine knows none. */
const unknownLine = 'no line known';

/**
 * Runs a graph under the profiler. `feeds` are read only; outputs go to memory of the run's own.
 * Throws ENGINE_OPTION for an invalid number of steps.
 */
export async function explainGraph(
  graph: Graph,
  options: ProgramOptions,
  feeds: Readonly<Record<string, ort.Tensor>>,
  { steps = 20 }: ExplainOptions = {},
): Promise<Explanation> {
  if (!Number.isInteger(steps) || steps < 1)
    throw new EngineError(
      'ENGINE_OPTION',
      `explain: steps is ${steps}; expected a whole number of at least 1`,
    );
  const outputs = graph.outputs.map(({ name }) => name);
  const nodes = await profileModel(encodeGraph(graph), sessionOptions(options), feeds, outputs, steps);
  return explanation(graph, nodes);
}

function explanation(graph: Graph, nodes: readonly ProfiledNode[]): Explanation {
  const origin = originFinder(graph);
  const byOperator = new Map<string, { nodes: number; milliseconds: number }>();
  const byLine = new Map<string, { nodes: number; milliseconds: number; kernels: Set<string> }>();
  for (const node of nodes) {
    const { line, kernel } = origin(node);
    const operator = entry(byOperator, node.op, () => ({ nodes: 0, milliseconds: 0 }));
    const at = entry(byLine, line, () => ({ nodes: 0, milliseconds: 0, kernels: new Set<string>() }));
    for (const sum of [operator, at]) {
      sum.nodes++;
      sum.milliseconds += node.milliseconds;
    }
    if (kernel !== undefined) at.kernels.add(kernel);
  }
  const slowest = (a: { milliseconds: number }, b: { milliseconds: number }) =>
    b.milliseconds - a.milliseconds;
  const made = {
    nodes: nodes.length,
    milliseconds: nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    byOperator: [...byOperator].map(([operator, sums]) => ({ operator, ...sums })).sort(slowest),
    byLine: [...byLine]
      .map(([line, { kernels, ...sums }]) => ({ line, kernels: [...kernels].sort(), ...sums }))
      .sort(slowest),
  };
  return { ...made, toString: () => table(made) };
}

function entry<V>(map: Map<string, V>, key: string, fresh: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = fresh();
  map.set(key, made);
  return made;
}

/** Finds what a node that ran came from. A fused node counts as the node that gave it its name and most of its work. */
function originFinder(graph: Graph): (node: ProfiledNode) => { line: string; kernel: string | undefined } {
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)),
  );
  return (profiled) => {
    // In ONNX Runtime's blocked layout a node has outputs of its own, and is named after those of the node it replaces.
    const names = [...profiled.outputs, profiled.name.replace(/_nchwc.*$/, '')];
    const last = names.map((name) => producers.get(name)).find((node) => node !== undefined);
    // The engine's own passes write reorderings too; those of ONNX Runtime give what another operator gave.
    if (!last || (reorders.has(profiled.op) && plainOp(last) !== profiled.op))
      return { line: addedLine, kernel: undefined };
    const node =
      plainOp(last) === profiled.op
        ? last
        : (fusedNodes(last, new Set(profiled.inputs), producers).find(({ op }) => profiled.op.includes(op)) ??
          last);
    return { line: node.origin?.line ?? unknownLine, kernel: node.origin?.kernel };
  };
}

/** An operator without its domain, as ONNX Runtime lists it. */
function plainOp({ op }: Node): string {
  return op.slice(op.indexOf(':') + 1);
}

/** What changes into and out of the blocked layout. */
const reorders = new Set(['ReorderInput', 'ReorderOutput']);

/** Fusions join few nodes; a value that leads further back was not one of them. */
const deepestFusion = 12;

/** The nodes between the inputs of a fused node and its output, from the output backwards. */
function fusedNodes(
  last: Node,
  inputs: ReadonlySet<string>,
  producers: ReadonlyMap<string, Node>,
): readonly Node[] {
  const found = new Set([last]);
  for (const node of found) {
    if (found.size > deepestFusion) break;
    for (const input of node.inputs) {
      const producer = input && !inputs.has(input.name) ? producers.get(input.name) : undefined;
      if (producer) found.add(producer);
    }
  }
  return [...found];
}

function table({
  nodes,
  milliseconds,
  byOperator,
  byLine,
}: {
  readonly nodes: number;
  readonly milliseconds: number;
  readonly byOperator: readonly ExplainedOperator[];
  readonly byLine: readonly ExplainedLine[];
}): string {
  const row = (sums: { readonly nodes: number; readonly milliseconds: number }, text: string): string =>
    `${sums.milliseconds.toFixed(3).padStart(10)} ${(milliseconds > 0 ? (100 * sums.milliseconds) / milliseconds : 0).toFixed(1).padStart(5)}% ${String(sums.nodes).padStart(6)}  ${text}`;
  const head = `${'ms'.padStart(10)} ${'part'.padStart(6)} ${'nodes'.padStart(6)}  `;
  return [
    `${nodes} nodes, ${milliseconds.toFixed(3)} ms`,
    '',
    `${head}operator`,
    ...byOperator.map((at) => row(at, at.operator)),
    '',
    `${head}line`,
    ...byLine.map((at) => row(at, at.kernels.length === 0 ? at.line : `${at.line}  ${at.kernels.join(' ')}`)),
  ].join('\n');
}
