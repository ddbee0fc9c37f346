// The optimiser's state between calls of `fit`, as a tf.Optimizer keeps its own between calls of model.fit.
import type * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { TrainingSession, TrainingState } from '../types.js';

interface Kept {
  /** A model that is compiled again starts from scratch. */
  readonly optimizer: tf.Optimizer;
  readonly step: number;
  readonly slots: TrainingState['slots'];
}

const kept = new WeakMap<tfl.LayersModel, Kept>();

/** Restores the state of the model's last training when the optimiser and the trained variables are the same. */
export async function goOn(model: tfl.LayersModel, session: TrainingSession): Promise<void> {
  const last = kept.get(model);
  if (last?.optimizer !== model.optimizer) return;
  const now = await session.snapshot();
  if (Object.keys(now.slots).join() !== Object.keys(last.slots).join()) return;
  await session.restore({ step: last.step, variables: now.variables, slots: last.slots });
}

/** Keeps the state for the next call. */
export async function leaveOff(model: tfl.LayersModel, session: TrainingSession): Promise<void> {
  const { step, slots } = await session.snapshot();
  kept.set(model, { optimizer: model.optimizer, step, slots });
}
