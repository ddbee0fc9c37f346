// A memory bank: one vector of length 1 for each training example, kept from step to step.
import * as tf from '@tensorflow/tfjs-core';
import { uniform } from '../../students/init.js';
import type { VariableSet } from '../../students/variables.js';
import { unit } from './relation-matrix.js';

export interface MemoryBank {
  /** What it holds now, [examples, size]; stays as it is when the bank is updated. */
  read(): tf.Tensor2D;
  /** Moves the vectors of these examples (int32 [batch]) towards `rows`: `unit(momentum old + (1 - momentum) new)`. */
  update(index: tf.Tensor1D, rows: tf.Tensor2D, momentum: number): void;
}

/** Variable `name` [examples, size], uniform within `sqrt(3 / size)` at first, not trained. */
export function memoryBank(variables: VariableSet, name: string, examples: number, size: number): MemoryBank {
  const limit = Math.sqrt(3 / size);
  const bank = variables.add(name, [examples, size], uniform(-limit, limit), { trainable: false });
  return {
    read: () => tf.clone(bank) as tf.Tensor as tf.Tensor2D,
    update(index, rows, momentum) {
      const moved = unit(tf.add(tf.mul(tf.gather(bank, index), momentum), tf.mul(rows, 1 - momentum)));
      const places = tf.expandDims(index, 1);
      // An example that the batch has twice gets the mean. (TF.js's tensorScatterUpdate writes into its input.)
      const hits = tf.expandDims(tf.scatterND(places, tf.onesLike(tf.cast(index, 'float32')), [examples]), 1);
      const sums = tf.scatterND(places, moved, [examples, size]);
      bank.assign(tf.where(tf.greater(hits, 0), tf.div(sums, tf.maximum(hits, 1)), bank));
    },
  };
}
