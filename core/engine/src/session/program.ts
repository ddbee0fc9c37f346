// A graph compiled by ONNX Runtime.
import * as ort from 'onnxruntime-node';
import type { Graph } from '../graph/graph.js';
import { encodeGraph } from '../onnx/encode.js';

export interface Program {
  /** Names of the inputs that the graph uses. */
  readonly inputs: readonly string[];
  /** Names of the outputs, in the order in which they were asked for. */
  readonly outputs: readonly string[];
  /** Runs the graph for the outputs named. */
  run(feeds: Record<string, ort.Tensor>, outputs: readonly string[]): Promise<Record<string, ort.Tensor>>;
  /** Runs the graph and writes the outputs into tensors that are there. */
  fill(feeds: Record<string, ort.Tensor>, into: Readonly<Record<string, ort.Tensor>>): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * After a run, onnxruntime-node 1.30 copies every output into fresh memory, even those that were written where they were
 * wanted: for an MLP of 1.3 M weights a third of a step, and as much garbage to collect. It converts outputs in order and
 * gives up at one that it cannot convert. So a sequence stands first, and its error means that all the rest is written.
 * Should a version convert sequences one day, `fill` is slower and as right.
 */
const sentinel = 'potstill:written';
const unconvertible = 'Non tensor type';

/** Whether the weights are constants of a graph or inputs. */
export type WeightKind = 'constant' | 'input';

/**
 * How ONNX Runtime runs a graph, on `threads` threads within an operator. Its blocked layout (level `all`) pays only for
 * constant filters; with filters as inputs it reorders activations to and fro and costs a CNN's step 7 per cent.
 */
export function sessionOptions(threads: number, weights: WeightKind): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: weights === 'constant' ? 'all' : 'extended',
    // Gradients of a nearly converged model are full of denormal numbers, which made a step of an MLP 30 per cent slower.
    extra: { session: { set_denormal_as_zero: '1' } },
    // Warnings about initializers that the optimiser dropped say nothing to a user.
    logSeverityLevel: 3,
  };
}

/** Compiles a graph for `threads` threads within an operator. */
export async function compile(graph: Graph, threads: number, weights: WeightKind): Promise<Program> {
  const session = await ort.InferenceSession.create(
    encodeGraph(graph, { sentinel }),
    sessionOptions(threads, weights),
  );
  return {
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    run: async (feeds, outputs) => await session.run(feeds, outputs),
    fill: async (feeds, into) => {
      try {
        await session.run(feeds, { ...into, [sentinel]: null });
      } catch (cause) {
        if (!(cause instanceof Error && cause.message.startsWith(unconvertible))) throw cause;
      }
    },
    dispose: () => session.release(),
  };
}
