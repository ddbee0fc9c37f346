// A loss: teacher's, student's and data's tensors to one scalar.
import type { NamedTensors, NamedVariable, StepContext } from '@potstill/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { SectionBuilder } from './report.js';

/** Where training stands, as scalars of the graph (float32), so that a loss may depend on it without being baked in. */
export interface Progress {
  /** Updates made so far. */
  readonly step: tf.Scalar;
  /** Epochs done, with its fraction. */
  readonly epoch: tf.Scalar;
  /** From 0 at the start to 1 at the end of training. */
  readonly fraction: tf.Scalar;
}

export interface LossInputs {
  readonly student: NamedTensors;
  readonly teacher: NamedTensors;
  readonly batch: NamedTensors;
  readonly progress: Progress;
  /** Whether this is training, and the step's random stream: the same that the student's dropout draws from. */
  readonly at: StepContext;
  /** Index of each example in the training data, int32 [batch]; only for losses that need it. */
  readonly index?: tf.Tensor1D;
}

/** The tensors that a loss reads; checked against what is there before anything runs. */
export interface LossNeeds {
  readonly student: readonly string[];
  readonly teacher: readonly string[];
  readonly batch: readonly string[];
  /** Whether it reads the examples' indices, for memory banks and negatives. Default false. */
  readonly index?: boolean;
}

export interface Loss {
  readonly needs: LossNeeds;
  /** Variables of the loss itself (hint regressors, critics): trained beside the student's, never exported. */
  readonly variables?: readonly NamedVariable[];
  /** The mean over the batch, a float32 scalar. Plain TF.js; differentiable in the student's tensors. */
  compute(at: LossInputs): tf.Scalar;
  /** Sections of the report that this loss brings. */
  readonly sections?: readonly SectionBuilder[];
}
