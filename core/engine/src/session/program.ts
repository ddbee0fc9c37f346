// A graph compiled by ONNX Runtime.
import * as ort from '../onnx-runtime.js';
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

export interface ProgramOptions {
  /** Threads within an operator. */
  readonly threads: number;
  readonly weights: WeightKind;
  /** Bytes of activations; see graph/liveness.ts. */
  readonly activations: number;
}

/** From here on ONNX Runtime plans no layout of activations: planned, it held twice as many bytes, and large graphs ran no faster. */
const unplanned = 16 * 2 ** 20;

/**
 * How ONNX Runtime runs a graph. Its blocked layout (level `all`) pays only for constant filters; with filters as inputs it
 * reorders activations to and fro and costs a CNN's step 7 per cent.
 */
export function sessionOptions({
  threads,
  weights,
  activations,
}: ProgramOptions): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: activations < unplanned,
    graphOptimizationLevel: weights === 'constant' ? 'all' : 'extended',
    // Gradients of a nearly converged model are full of denormal numbers, which made a step of an MLP 30 per cent slower.
    extra: { session: { set_denormal_as_zero: '1' } },
    // Warnings about initializers that the optimiser dropped say nothing to a user.
    logSeverityLevel: 3,
  };
}

/** Compiles a graph. `optimised`: a file that gets the model after ONNX Runtime's own passes, for `load`. */
export async function compile(graph: Graph, options: ProgramOptions, optimised?: string): Promise<Program> {
  const session = await ort.InferenceSession.create(encodeGraph(graph, { sentinel }), {
    ...sessionOptions(options),
    ...(optimised === undefined ? {} : { optimizedModelFilePath: optimised }),
  });
  return programOf(session, namesOf(graph));
}

/** Names of the inputs and outputs of a graph, in order. */
export type ProgramNames = Pick<Program, 'inputs' | 'outputs'>;

export function namesOf({ inputs, outputs }: Graph): ProgramNames {
  return { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name) };
}

/** Loads a model that `compile` wrote, without running passes again. */
export async function load(
  model: Uint8Array,
  names: ProgramNames,
  options: ProgramOptions,
): Promise<Program> {
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(options),
    graphOptimizationLevel: 'disabled',
  });
  return programOf(session, names);
}

function programOf(session: ort.InferenceSession, { inputs, outputs }: ProgramNames): Program {
  return {
    inputs,
    outputs,
    run: async (feeds, wanted) => await session.run(feeds, wanted),
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
