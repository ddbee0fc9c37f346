// The arguments of `fit`: those of tf.LayersModel.fit, and which of them are refused.
import type * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { EngineError } from '../errors.js';
import { checkWhole } from '../option-checks.js';
import type { RandomStream } from '../random/stream.js';
import type { Engine, EngineOptions } from '../types.js';

/** Tensors for a model: one, one for each input or output in their order, or by their names. */
export type FitData = tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor>;

/** The arguments of tf.LayersModel.fit with their defaults, and where to train. */
export interface FitArgs extends Omit<tfl.ModelFitArgs, 'validationData'> {
  /** `[x, y]`, measured at the end of each epoch. */
  validationData?: [FitData, FitData];
  /** An engine, which stays open, or the options of one that lives as long as the call. Default: a fresh `onnx` engine. */
  engine?: Engine | EngineOptions;
  /** What shuffling, dropout and noise draw from. Default: `randomStream(0)`, so that a run can be repeated. */
  random?: RandomStream;
}

/** As tf.History: a number for each epoch that ended. */
export interface FitHistory {
  readonly epoch: number[];
  /** By name: `loss`, `acc`, `val_loss` and so on. */
  readonly history: Record<string, number[]>;
}

const refused: readonly (readonly [name: keyof FitArgs, instead: string])[] = [
  [
    'sampleWeight',
    'Give the weights as a further input or target, with a loss function that multiplies by them; or use engine.training.',
  ],
  ['classWeight', 'Compile with a loss function that weighs the classes of `yTrue`; or use engine.training.'],
  ['stepsPerEpoch', 'An epoch is one pass over `x`; give fewer examples for a shorter one.'],
  ['validationSteps', 'Give `validationData` with fewer examples.'],
];

/** An argument that is not supported may stand there as undefined or null. */
const isRefused = (name: string): boolean => refused.some(([known]) => known === name);

/** Every argument that is taken. `yieldEvery` has no effect: the engine leaves the event loop free while a step runs. */
const taken = {
  batchSize: true,
  callbacks: true,
  engine: true,
  epochs: true,
  initialEpoch: true,
  random: true,
  shuffle: true,
  validationData: true,
  validationSplit: true,
  verbose: true,
  yieldEvery: true,
} satisfies Partial<Record<keyof FitArgs, true>>;

/** Throws ENGINE_OPTION for what `fit` does not take. */
export function checkArgs(x: unknown, args: FitArgs): void {
  for (const [name, hint] of refused)
    if (args[name] !== undefined && args[name] !== null)
      throw new EngineError('ENGINE_OPTION', `fit: \`${name}\` is not supported`, { hint });
  const unknown = Object.keys(args).find((name) => !Object.hasOwn(taken, name) && !isRefused(name));
  if (unknown !== undefined)
    throw new EngineError('ENGINE_OPTION', `fit: there is no argument \`${unknown}\``, {
      hint: `Arguments: ${Object.keys(taken).join(', ')}.`,
    });
  if (typeof x === 'object' && x !== null && 'forEachAsync' in x)
    throw new EngineError('ENGINE_OPTION', 'fit: x is a tf.data dataset; expected tensors', {
      hint: 'Collect it with `await dataset.toArray()` and tf.stack, or train batch by batch with engine.training.',
    });
  const { epochs = 1, batchSize = 32, initialEpoch = 0, validationSplit, validationData, shuffle } = args;
  checkWhole('fit', 'epochs', epochs, 0);
  checkWhole('fit', 'batchSize', batchSize, 1);
  checkWhole('fit', 'initialEpoch', initialEpoch, 0);
  if (validationSplit !== undefined && !(validationSplit >= 0 && validationSplit < 1))
    throw new EngineError(
      'ENGINE_OPTION',
      `fit: validationSplit is ${validationSplit}, it must be at least 0 and below 1`,
    );
  if (validationData !== undefined && (validationData as unknown[]).length !== 2)
    throw new EngineError('ENGINE_OPTION', 'fit: validationData must be [x, y]', {
      hint: 'Weights of validation examples are not supported.',
    });
  if (shuffle !== undefined && typeof shuffle !== 'boolean')
    throw new EngineError('ENGINE_OPTION', `fit: shuffle is ${String(shuffle)}, it must be true or false`);
}
