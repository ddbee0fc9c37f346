// Makes engines: one door to three backends.
import { availableParallelism } from 'node:os';
import { EngineError } from './errors.js';
import { kernelTable } from './kernels/index.js';
import { OnnxPredictor } from './session/predictor.js';
import { OnnxTraining } from './session/training.js';
import type { Engine, EngineOptions } from './types.js';

/**
 * An engine on the backend asked for (default `onnx`). Throws ENGINE_BACKEND_MISSING when the `tensorflow`
 * backend is asked for and @tensorflow/tfjs-node cannot be loaded.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { backend = 'onnx', threads = availableParallelism(), passes = {} } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new EngineError('ENGINE_OPTION', `threads is ${threads}; it is a whole number from 1`);
  const compile = { table: kernelTable, threads, passes };
  const open = new Set<{ dispose(): Promise<void> }>();
  const keep = <T extends { dispose(): Promise<void> }>(made: T): Promise<T> => {
    open.add(made);
    return Promise.resolve(made);
  };
  return Promise.resolve({
    backend,
    threads,
    training: (definition) => keep(new OnnxTraining(definition, compile)),
    predictor: ({ variables, forward }) => keep(new OnnxPredictor(variables, forward, compile)),
    dispose: async () => {
      for (const made of open) await made.dispose();
      open.clear();
    },
  });
}
