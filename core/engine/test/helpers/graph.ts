// Small graphs for tests of passes: built, shown as text, run.
import * as ort from 'onnxruntime-node';
import { GraphBuilder } from '../../src/graph/builder.js';
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

/** Runs a graph without ONNX Runtime's own rewriting; float32 inputs get numbers that depend on their name alone. */
export async function runGraph(graph: Graph, threads = 1): Promise<{ shape: number[]; data: number[] }[]> {
  const session = await ort.InferenceSession.create(encodeGraph(graph), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, new ort.Tensor('float32', randomStream(4).child(name).normal(size), [...shape])];
    }),
  );
  const results = await session.run(feeds);
  await session.release();
  return graph.outputs.map(({ name }) => {
    const tensor = results[name] as ort.Tensor;
    return { shape: [...tensor.dims], data: Array.from(tensor.data as Float32Array, Number) };
  });
}
