// Checks what a forward pass returned.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { NamedTensors } from '../types.js';

/** The outputs as pairs. Throws ENGINE_SHAPE when there are none and for what is not a tensor. */
export function checkOutputs(outputs: NamedTensors): [string, tf.Tensor][] {
  // Plain JavaScript may give anything, so types prove nothing here.
  const entries = Object.entries(outputs) as [string, unknown][];
  if (entries.length === 0) throw new EngineError('ENGINE_SHAPE', 'the forward pass returned no outputs');
  return entries.map(([name, tensor]): [string, tf.Tensor] => {
    if (tensor instanceof tf.Tensor) return [name, tensor as tf.Tensor];
    throw new EngineError(
      'ENGINE_SHAPE',
      `the forward pass's output \`${name}\` is ${typeof tensor}, expected a tensor`,
    );
  });
}
