// The session's own values, lent to the user's variables while a step runs.
import * as tf from '@tensorflow/tfjs-core';
import type { HostTensor } from '../host-tensor.js';
import type { NamedVariable } from '../types.js';
import { tensorOf } from './tensors.js';

/** A variable that belongs to the session, under its own TF.js name. */
export function own(value: HostTensor): tf.Variable {
  return tf.tidy(() => tf.variable(tensorOf(value), false));
}

/**
 * Runs `body` while the user's variables hold `values`, and takes what they hold at the end back into `values`.
 * Only pointers move, so the user's own data is untouched and nothing is copied.
 */
export function lend<T>(values: ReadonlyMap<NamedVariable, tf.Variable>, body: () => T): T {
  const swap = (): void => {
    for (const [{ variable }, value] of values) {
      const { dataId } = variable;
      variable.dataId = value.dataId;
      value.dataId = dataId;
    }
  };
  swap();
  try {
    return body();
  } finally {
    swap();
  }
}
