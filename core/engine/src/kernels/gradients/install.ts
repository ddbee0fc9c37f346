// Registers the engine's gradients in TF.js while the engine works, and removes them afterwards: the process's one registry belongs to the user.
import * as tf from '@tensorflow/tfjs-core';
import { completeOperands } from '../../tfjs.js';
import type { Gradient } from './gradient.js';
import { extendedGradients, missingGradients, replacedGradients } from './table.js';

type Config = Parameters<typeof tf.registerGradient>[0];

// The declared type leaves out that a kernel may have none.
const registered = tf.getGradient as (kernelName: string) => Config | undefined;

function register(kernelName: string, config: Config | undefined): void {
  // TF.js warns of replacements in debug mode.
  if (registered(kernelName)) tf.unregisterGradient(kernelName);
  if (config) tf.registerGradient(config);
}

/** The engine's gradients, where they are to stand in for what is registered now. */
function own(): [string, Gradient][] {
  return [
    ...Object.entries(missingGradients).filter(([kernel]) => !registered(kernel)),
    ...Object.entries(replacedGradients),
    ...Object.entries(extendedGradients).flatMap(([kernel, extend]): [string, Gradient][] => {
      const config = registered(kernel);
      return config ? [[kernel, extend(config)]] : [];
    }),
  ];
}

/** TF.js fails to differentiate a normalisation without a scale or an offset: it saves operands that are not there. */
function withScaleAndOffset(kernel: string, inputs: tf.NamedTensorMap): tf.NamedTensorMap {
  if (kernel !== 'FusedBatchNorm') return inputs;
  // The declared type leaves out that they are optional.
  const { mean, scale, offset } = inputs as { mean: tf.Tensor; scale?: tf.Tensor; offset?: tf.Tensor };
  const filled = (value: number): tf.Tensor => tf.fill([...mean.shape], value, 'float32');
  return { ...inputs, scale: scale ?? filled(1), offset: offset ?? filled(0) };
}

let installed = false;

/**
 * Runs `body`, which is synchronous, with the engine's gradients registered, and registers again what was there before,
 * also when `body` throws. Operations that run within `body` keep the engine's gradients on TF.js's tape, even when they
 * are differentiated later. Gradients that `body` registers stay.
 */
export function withGradients<T>(body: () => T): T {
  if (installed) return body();
  const changes = own().map(([kernel, gradient]) => {
    const before = registered(kernel);
    const config = { ...gradient, kernelName: kernel };
    register(kernel, config);
    return { kernel, before, config };
  });
  installed = true;
  try {
    return completeOperands(withScaleAndOffset, body);
  } finally {
    installed = false;
    for (const { kernel, before, config } of changes)
      if (registered(kernel) === config) register(kernel, before);
  }
}
