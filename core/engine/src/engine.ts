// Makes engines: one door to three backends.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { EngineError } from './errors.js';
import { eagerBackend } from './eager/backend.js';
import { fixedEagerPredictor } from './eager/predictor.js';
import { EagerTraining } from './eager/training.js';
import { kernelTable } from './kernels/index.js';
import type { PassSwitches } from './passes/index.js';
import { channelBlock } from './session/channel-block.js';
import { GraphCache } from './session/cache.js';
import type { CompileOptions } from './session/compiled-step.js';
import { emitWarning } from './session/many-shapes.js';
import { accountOf, type Holder, MemoryBudget } from './session/memory.js';
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
  const {
    backend = 'onnx',
    threads = availableParallelism(),
    passes = {},
    memoryLimit,
    onWarning = emitWarning,
  } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new EngineError('ENGINE_OPTION', `threads is ${threads}; expected a whole number of at least 1`);
  if (memoryLimit !== undefined && !(memoryLimit >= 0))
    throw new EngineError('ENGINE_OPTION', `memoryLimit is ${memoryLimit}; expected a number of bytes`);
  const open = new Set<Holder & { dispose(): Promise<void> }>();
  const keep = <T extends Holder & { dispose(): Promise<void> }>(made: T): T => {
    open.add(made);
    return made;
  };
  const budget = new MemoryBudget(memoryLimit, open);
  const make =
    backend === 'onnx'
      ? onnxMaker({
          table: kernelTable,
          threads,
          passes,
          target: { block: await blockFor(passes), threads, free: false },
          budget,
          warn: onWarning,
          cache: cacheOf(options),
        })
      : await eagerMaker(backend);
  return {
    backend,
    threads,
    memory: () => accountOf(...Array.from(open, (made) => made.held())),
    // Async, so that a refused definition is a rejection.
    training: async (definition) => Promise.resolve(keep(make.training(definition))),
    predictor: async (definition) => Promise.resolve(keep(make.predictor(definition))),
    dispose: async () => {
      for (const made of open) await made.dispose();
      open.clear();
    },
  };
}

function cacheOf({ cache = false, onWarning = emitWarning }: EngineOptions): GraphCache | undefined {
  return cache === false ? undefined : new GraphCache(resolve(cache), onWarning);
}

interface Maker {
  training(definition: TrainingDefinition): TrainingSession & Holder;
  predictor(definition: PredictorDefinition): Predictor & Holder;
}

interface PredictorDefinition {
  readonly variables: readonly NamedVariable[];
  readonly forward: Forward;
}

function onnxMaker(options: CompileOptions): Maker {
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

/** No blocks where one of the passes that put them in, or that write them, is switched off. */
async function blockFor(passes: PassSwitches): Promise<number> {
  return passes['block-convolutions'] === false || passes['write-blocked'] === false ? 0 : channelBlock();
}
