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

/**
 * Compiles a graph for `threads` threads within an operator. `weights`: whether they are constants of the graph or
 * inputs. ONNX Runtime's blocked layout (level `all`) pays only for constant filters; with filters as inputs it reorders
 * activations to and fro and costs a CNN's step 7 per cent.
 */
export async function compile(
  graph: Graph,
  threads: number,
  weights: 'constant' | 'input',
): Promise<Program> {
  const session = await ort.InferenceSession.create(encodeGraph(graph), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: weights === 'constant' ? 'all' : 'extended',
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
