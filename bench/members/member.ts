// What a member of the benchmark suite is: one network, its loss and its batches, in plain TF.js and host numbers.
// The same definitions are measured (size `full`) and held against PyTorch and TF.js over 50 steps (size `small`).
import type { HostTensor, HostTensors, LossTerms, NamedTensors, StepContext } from '@potstill/engine';
import type * as tf from '@tensorflow/tfjs';

/** `full`: as the table of speeds names it. `small`: the same layers, few and narrow, for plain TF.js in a test. */
export type Size = 'full' | 'small';

export interface Member {
  /** For the command line and for the PyTorch module of the same name: `mlp-800`, `resnet-20`. */
  readonly name: string;
  /** For tables: `MLP 784-800-800-10, batch 128`. */
  readonly title: string;
  make(size: Size): Network;
}

/** An initial weight; layouts are TF.js's (dense [in, out], filters [h, w, in, out]). */
export interface Weight {
  readonly value: HostTensor;
  /** False for statistics of batch norm, which the forward pass assigns. */
  readonly trainable: boolean;
}

export interface Network {
  /** By name, in the order in which layers use them; names are stable and shared with PyTorch: `conv1/kernel`. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** The rate of SGD with momentum 0.9 at which 50 steps learn without trembling. */
  readonly rate: number;
  /** The i-th batch, the same in every process: what the student sees, hard labels, the teacher's outputs. */
  batch(index: number): HostTensors;
  /** Forward pass, hard and soft loss. `weight` gives the variable of a name. */
  loss(inputs: NamedTensors, weight: (name: string) => tf.Variable, at: StepContext): LossTerms;
  /** The student's outputs alone, for predictors and exports. */
  forward(inputs: NamedTensors, weight: (name: string) => tf.Variable, at: StepContext): NamedTensors;
}
