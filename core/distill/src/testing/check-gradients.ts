// Gradients of a loss against finite differences of its value.
import { AssertionError } from 'node:assert';
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../contracts/index.js';
import { allClose } from './all-close.js';
import { differentiate, makeLoss, type LossRun, type LossTrial } from './run-loss.js';
import { hostTensor, tensor } from './values.js';

export interface GradientTolerance {
  /** How far each element is moved. Default 1e-2: values are float32. */
  readonly by?: number;
  /** Default 1e-3. */
  readonly absolute?: number;
  /** Default 1e-2. */
  readonly relative?: number;
}

/**
 * Throws an AssertionError unless the gradients in the student's outputs agree with central differences of the value.
 * What a loss assigns to its variables is undone between values. Costs two values an element, so give a few examples. Kinks (ReLU, absolute values) within `by` of an element do not agree.
 */
export async function checkGradients(
  component: AnyComponent,
  trial: LossTrial,
  tolerance: GradientTolerance = {},
): Promise<LossRun> {
  const { by = 1e-2, absolute = 1e-3, relative = 1e-2 } = tolerance;
  const loss = await makeLoss(component, trial);
  const before = (loss.variables ?? []).map(({ variable }) => ({ variable, value: hostTensor(variable) }));
  const restore = () => {
    tf.tidy(() => {
      for (const { variable, value } of before) variable.assign(tensor(value));
    });
  };
  const run = differentiate(loss, trial);
  for (const [name, values] of Object.entries(trial.student)) {
    const { shape, data } = hostTensor(values);
    const valueAt = (index: number, change: number) => {
      const moved = Float32Array.from(data);
      moved[index] = (moved[index] as number) + change;
      restore();
      const student = { ...trial.student, [name]: { dtype: 'float32', shape, data: moved } as const };
      return differentiate(loss, { ...trial, student }).value;
    };
    const numeric = Float32Array.from(data, (_, i) => (valueAt(i, by) - valueAt(i, -by)) / (2 * by));
    try {
      const expected = { dtype: 'float32', shape, data: numeric } as const;
      allClose(run.gradients.student[name] ?? [], expected, { absolute, relative });
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      error.message = `gradient in student output \`${name}\`, against finite differences: ${error.message}`;
      throw error;
    }
  }
  return run;
}
