// A student: differentiable TF.js with named variables.
import type { Forward, NamedTensors, NamedVariable, StepContext } from '@potstill/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TensorSpecs } from './tensors.js';

export type { Forward, NamedVariable, StepContext };

export interface Student {
  /** `logits`, and the layers that losses may tap, by name. Shapes without the batch axis. */
  readonly outputs: TensorSpecs;
  /** All weights, in a stable order; names are those of checkpoints and exports. */
  readonly variables: readonly NamedVariable[];
  /** Inputs by field name of the data set, batch axis first. Pure TF.js; dropout draws from `at.random`. */
  forward(inputs: NamedTensors, at: StepContext): NamedTensors;
  /** Present when the student is a tf.layers model, which can then be saved as a TF.js folder. */
  readonly layersModel?: LayersModel;
}
