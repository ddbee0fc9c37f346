// A loss: teacher's, student's and data's tensors to one scalar.
import type { NamedTensors, NamedVariable, Optimizer, StepContext, Turns } from '@potstill/engine';
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
  /** Runs the models on inputs of its own. Absent where a loss is computed by itself, without models. */
  readonly run?: StepModels;
}

/** Models in the step, as functions of inputs that a loss makes. */
export interface StepModels {
  /** All outputs of the student that it trains. */
  student(inputs: NamedTensors): NamedTensors;
  /** All outputs of a frozen teacher; only for losses that need it `live`. Gradients reach the inputs. */
  teacher(inputs: NamedTensors): NamedTensors;
}

/** How the variables of a loss are trained. What is left out is as for the student. */
export interface LossTraining {
  readonly optimizer?: Optimizer;
  readonly rate?: number;
  /** Updates in which they are trained. Default: all. */
  readonly turns?: Turns;
  /** Updates in which the student is trained. Default: all. */
  readonly studentTurns?: Turns;
}

/** The tensors that a loss reads; checked against what is there before anything runs. */
export interface LossNeeds {
  readonly student: readonly string[];
  readonly teacher: readonly string[];
  readonly batch: readonly string[];
  /** Whether it reads the examples' indices, for memory banks and negatives. Default false. */
  readonly index?: boolean;
  /** Whether it runs the teacher in the step, which must then be frozen and computed there (`live`). Default false. */
  readonly live?: boolean;
}

export interface Loss {
  readonly needs: LossNeeds;
  /** Variables of the loss itself (hint regressors, critics): trained beside the student's, never exported. */
  readonly variables?: readonly NamedVariable[];
  /** The mean over the batch, a float32 scalar. Plain TF.js; differentiable in the student's tensors. */
  compute(at: LossInputs): tf.Scalar;
  /**
   * What its own variables minimise, where that is not what the student does: a critic, a generator. The student does not
   * learn from it, nor they from `compute`. Given the same as `compute`, in the same step.
   */
  own?(at: LossInputs): tf.Scalar;
  /** How its own variables are trained; a recipe may say otherwise (`optimizer`, `rate`). */
  readonly training?: LossTraining;
  /** Sections of the report that this loss brings. */
  readonly sections?: readonly SectionBuilder[];
}
