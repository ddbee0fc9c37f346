// Small graphs for tests of passes: built, shown as text, run.
import { ort } from '@potstill/engine';
import { GraphBuilder, sizeOf } from '../../src/graph/builder.js';
import type { Graph, Value } from '../../src/graph/graph.js';
import { encodeGraph } from '../../src/onnx/encode.js';
import { randomStream } from '@potstill/engine';

/** Builds a graph with a function from the builder to its outputs. */
export function graphOf(build: (g: GraphBuilder) => readonly Value[]): Graph {
  const builder = new GraphBuilder();
  return builder.build(build(builder));
}

/** The operators of a graph, in order. */
export function opsOf(graph: Graph): string[] {
  return graph.nodes.map(({ op }) => op);
}

interface Result {
  readonly shape: number[];
  readonly data: number[];
}

/** Runs a graph without ONNX Runtime's own rewriting; float32 inputs get numbers that depend on their name alone. */
export async function runGraph(graph: Graph, threads = 1): Promise<Result[]> {
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [name, randomStream(4).child(name).normal(sizeOf(shape))] as const),
  );
  return runOn(graph, feeds, { graphOptimizationLevel: 'disabled', intraOpNumThreads: threads });
}

/** Runs a graph on numbers for each input. */
export async function runOn(
  graph: Graph,
  numbers: Readonly<Record<string, Float32Array>>,
  options: ort.InferenceSession.SessionOptions,
): Promise<Result[]> {
  const session = await ort.InferenceSession.create(encodeGraph(graph), { logSeverityLevel: 3, ...options });
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [
      name,
      new ort.Tensor('float32', numbers[name] ?? new Float32Array(sizeOf(shape)), [...shape]),
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return graph.outputs.map(({ name }) => {
    const tensor = results[name] as ort.Tensor;
    return { shape: [...tensor.dims], data: Array.from(tensor.data as Float32Array, Number) };
  });
}
