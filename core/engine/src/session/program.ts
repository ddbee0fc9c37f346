// A graph compiled by ONNX Runtime.
import * as ort from 'onnxruntime-node';
import type { Graph } from '../graph/graph.js';
import { encodeGraph } from '../onnx/encode.js';

export interface Program {
  /** Names of the inputs that the graph uses. */
  readonly inputs: readonly string[];
  /** Names of the outputs, in the order in which they were asked for. */
  readonly outputs: readonly string[];
  /** Runs the graph. Fetches that are tensors are written into; null ones are made. */
  run(
    feeds: Record<string, ort.Tensor>,
    fetches: Record<string, ort.Tensor | null>,
  ): Promise<Record<string, ort.Tensor>>;
  dispose(): Promise<void>;
}

/** Compiles a graph for `threads` threads within an operator. */
export async function compile(graph: Graph, threads: number): Promise<Program> {
  const session = await ort.InferenceSession.create(encodeGraph(graph), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Warnings about initializers that the optimiser dropped say nothing to a user.
    logSeverityLevel: 3,
  });
  return {
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    run: async (feeds, fetches) => await session.run(feeds, fetches),
    dispose: () => session.release(),
  };
}
