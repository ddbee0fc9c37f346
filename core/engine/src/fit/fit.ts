// tf.LayersModel.fit on the engine: the same arguments, the same numbers.
import * as tfl from '@tensorflow/tfjs-layers';
import { createEngine } from '../engine.js';
import { EngineError } from '../errors.js';
import { randomStream } from '../random/stream.js';
import type { Engine, EngineOptions, Predictor, TrainingSession } from '../types.js';
import { checkArgs, type FitArgs, type FitData, type FitHistory } from './args.js';
import { hooksOf } from './callbacks.js';
import { batches, type Examples, examplesOf, split } from './data.js';
import { type ModelStep, stepOf, termName } from './definition.js';
import { checkCompiled, trainedModel } from './layers-model.js';
import { Means } from './means.js';
import { constrained, rateOf, ruleOf } from './optimizer.js';
import { progressLine } from './progress.js';
import { goOn, leaveOff } from './resume.js';

const training = new WeakSet<tfl.LayersModel>();

/**
 * Trains a compiled model as `model.fit(x, y, args)` does, and writes the weights back at the end of every epoch.
 * Loss, metrics and optimiser are those of `model.compile`; a further call continues with the optimiser's state. Dropout and
 * noise layers draw from `args.random`. A batch whose loss is NaN or infinite counts in the history and changes nothing.
 * During `onBatchEnd` the model has the weights of the epoch's start. `verbose: 1` prints a line an epoch; default 0.
 * Differences from TF.js: which weights are trainable is decided now, not at `compile`; constraints on weights are applied
 * (TF.js ignores them while training); of several outputs, `val_loss` is the sum of their losses, as `loss` is (TF.js
 * gives the first output's loss).
 * Errors: ENGINE_OPTION for what is not supported (sampleWeight, classWeight, stepsPerEpoch, datasets, stateful layers,
 * dropout within recurrent layers), for unknown arguments and where no example is left to train or validate on;
 * ENGINE_STATE for a model that is not compiled or already being trained.
 */
export async function fit(
  given: tfl.LayersModel,
  x: FitData,
  y: FitData,
  args: FitArgs = {},
): Promise<FitHistory> {
  const model = trainedModel(given);
  checkCompiled(model);
  checkArgs(x, args);
  const step = stepOf(model);
  const rule = constrained(ruleOf(model.optimizer), step);
  const examples = examplesOf(model, x, y);
  const [train, validation] = partsOf(model, examples, args);
  checkCounts(examples.count, train, validation, args);
  if (training.has(model))
    throw new EngineError('ENGINE_STATE', 'fit: the model is being trained by another call', {
      hint: 'Await the first call.',
    });
  training.add(model);
  const { engine: wanted } = args;
  let own: Engine | undefined;
  let session: TrainingSession | undefined;
  try {
    const engine = isEngine(wanted) ? wanted : (own = await createEngine(wanted));
    const random = args.random ?? randomStream(0);
    session = await engine.training({
      variables: step.variables,
      loss: (inputs, at) => step.loss(inputs, at),
      optimizer: rule,
      random: random.child('steps'),
    });
    await goOn(model, session);
    const history = await run({ given, model, args, step, train, validation, session });
    await leaveOff(model, session);
    return history;
  } finally {
    training.delete(model);
    await session?.dispose();
    await own?.dispose();
  }
}

function isEngine(given: Engine | EngineOptions | undefined): given is Engine {
  return given !== undefined && 'training' in given;
}

/** Examples to train on and to validate with. */
function partsOf(
  model: tfl.LayersModel,
  examples: Examples,
  { validationData, validationSplit = 0 }: FitArgs,
): [Examples, Examples | undefined] {
  if (validationData) return [examples, examplesOf(model, ...validationData)];
  if (validationSplit === 0) return [examples, undefined];
  return split(examples, Math.floor(examples.count * (1 - validationSplit)));
}

/** Means over no examples would be NaN. */
function checkCounts(
  given: number,
  train: Examples,
  validation: Examples | undefined,
  { validationSplit }: FitArgs,
): void {
  const shares =
    validationSplit === undefined
      ? `x has ${given} examples`
      : `x has ${given} examples and validationSplit is ${validationSplit}`;
  if (train.count === 0)
    throw new EngineError('ENGINE_OPTION', `fit: no examples are left to train on: ${shares}`);
  if (validation?.count === 0)
    throw new EngineError('ENGINE_OPTION', 'fit: validationData has no examples', {
      hint: 'Omit validationData to train without validation.',
    });
}

interface Run {
  /** As the caller has it: where a tf.Sequential is told to stop, and shows its history. */
  readonly given: tfl.LayersModel;
  readonly model: tfl.LayersModel;
  readonly args: FitArgs;
  readonly step: ModelStep;
  readonly train: Examples;
  readonly validation: Examples | undefined;
  readonly session: TrainingSession;
}

async function run({ given, model, args, step, train, validation, session }: Run): Promise<FitHistory> {
  const { epochs = 1, batchSize = 32, initialEpoch = 0, shuffle = true, verbose = 0 } = args;
  const { labels } = step;
  const hooks = hooksOf(model, args.callbacks, {
    epochs,
    initialEpoch,
    samples: train.count,
    batchSize,
    verbose,
    doValidation: validation !== undefined,
    metrics: validation ? [...labels, ...labels.map((label) => `val_${label}`)] : labels,
  });
  const orders = (args.random ?? randomStream(0)).child('shuffle');
  const predictor = validation && session.predictor(step.validation);
  const past: FitHistory = { epoch: [], history: {} };
  given.history = model.history = Object.assign(new tfl.History(), past);
  given.stopTraining = model.stopTraining = false;
  const stopped = (): boolean => given.stopTraining || model.stopTraining;
  await hooks.onTrainBegin({});
  const start = performance.now();
  for (let epoch = initialEpoch; epoch < epochs && !stopped(); epoch++) {
    const epochStart = performance.now();
    await hooks.onEpochBegin(epoch, {});
    const means = new Means(labels);
    // The count of steps, so that a further call has an order of its own.
    const order = shuffle ? orders.at(session.step).permutation(train.count) : undefined;
    for (const { index, size, inputs } of batches(train, batchSize, order)) {
      await hooks.onBatchBegin(index, {});
      const { loss, terms } = await session.train(inputs, { rate: rateOf(model.optimizer) });
      const values = labels.map((_, i) => (i === 0 ? loss : (terms[termName(i)] as number)));
      means.add(size, values);
      const logs = Object.fromEntries(labels.map((label, i) => [label, values[i] as number]));
      await hooks.onBatchEnd(index, { batch: index, size, ...logs });
      if (stopped()) break;
    }
    const logs = means.logs();
    if (validation && predictor)
      Object.assign(logs, await validated(predictor, validation, labels, batchSize));
    await session.sync();
    past.epoch.push(epoch);
    for (const [label, value] of Object.entries(logs)) (past.history[label] ??= []).push(value);
    if (verbose > 0) {
      const now = performance.now();
      const left = ((now - start) / (epoch + 1 - initialEpoch)) * (epochs - epoch - 1);
      const line = progressLine({ epoch: epoch + 1, epochs }, logs, { epoch: now - epochStart, left });
      process.stdout.write(`${line}\n`);
    }
    await hooks.onEpochEnd(epoch, logs);
  }
  await hooks.onTrainEnd({});
  return past;
}

async function validated(
  predictor: Predictor,
  examples: Examples,
  labels: readonly string[],
  batchSize: number,
): Promise<Record<string, number>> {
  const means = new Means(labels);
  for (const { size, inputs } of batches(examples, batchSize)) {
    const outputs = await predictor.run(inputs);
    means.add(
      size,
      labels.map((_, i) => outputs[termName(i)]?.data[0] as number),
    );
  }
  return means.logs('val_');
}
