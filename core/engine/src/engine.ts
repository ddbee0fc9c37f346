// Makes engines: one door to three backends.
import { availableParallelism } from 'node:os';
import { EngineError } from './errors.js';
import { eagerBackend } from './eager/backend.js';
import { fixedEagerPredictor } from './eager/predictor.js';
import { EagerTraining } from './eager/training.js';
import { kernelTable } from './kernels/index.js';
import type { PassSwitches, Target } from './passes/index.js';
import { channelBlock } from './session/channel-block.js';
import { OnnxPredictor } from './session/predictor.js';
import { OnnxTraining } from './session/training.js';
import type {
  Engine,
  EngineOptions,
  Forward,
  NamedVariable,
  Predictor,
  TrainingDefinition,
  TrainingSession,
} from './types.js';

/**
 * An engine on the backend asked for (default `onnx`). Throws ENGINE_BACKEND_MISSING when the `tensorflow`
 * backend is asked for and @tensorflow/tfjs-node cannot be loaded.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { backend = 'onnx', threads = availableParallelism(), passes = {} } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new EngineError('ENGINE_OPTION', `threads is ${threads}; it is a whole number from 1`);
  const open = new Set<{ dispose(): Promise<void> }>();
  const keep = <T extends { dispose(): Promise<void> }>(made: T): T => {
    open.add(made);
    return made;
  };
  const make =
    backend === 'onnx'
      ? onnxMaker(threads, passes, { block: await channelBlock() })
      : await eagerMaker(backend);
  return {
    backend,
    threads,
    // Async, so that a refused definition is a rejection.
    training: async (definition) => Promise.resolve(keep(make.training(definition))),
    predictor: async (definition) => Promise.resolve(keep(make.predictor(definition))),
    dispose: async () => {
      for (const made of open) await made.dispose();
      open.clear();
    },
  };
}

interface Maker {
  training(definition: TrainingDefinition): TrainingSession;
  predictor(definition: PredictorDefinition): Predictor;
}

interface PredictorDefinition {
  readonly variables: readonly NamedVariable[];
  readonly forward: Forward;
}

function onnxMaker(threads: number, passes: PassSwitches, target: Target): Maker {
  const options = { table: kernelTable, threads, passes, target };
  return {
    training: (definition) => new OnnxTraining(definition, options),
    predictor: ({ variables, forward }) => new OnnxPredictor(variables, forward, options),
  };
}

async function eagerMaker(backend: 'cpu' | 'tensorflow'): Promise<Maker> {
  const name = await eagerBackend(backend);
  return {
    training: (definition) => new EagerTraining(definition, name),
    predictor: ({ variables, forward }) => fixedEagerPredictor(name, variables, forward),
  };
}
