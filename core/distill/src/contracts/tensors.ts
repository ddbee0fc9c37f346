// Shapes and named tensors, as all contracts speak of them.
import type { DType, HostTensor, HostTensors, NamedTensors } from '@potstill/engine';

export type { DType, HostTensor, HostTensors, NamedTensors };

/**
 * dtype and shape of ONE example: no batch axis. `null` is an axis whose length differs from example to example
 * (boxes of an image, frames of an utterance); a batch pads it with zeros and adds `<name>.length`, int32 [batch]
 * (or [batch, k] where k > 1 axes are `null`).
 */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
  /**
   * Names of the `null` axes, in order, such as `['frames']`. Axes of one name have the same length in an example,
   * whichever field or output they belong to; exports call them so. Unset: an axis is named as its field, and the k-th
   * of several `<field>.<k>`.
   */
  readonly free?: readonly string[];
  /** Order of the axes where `shape` is that of an image or a feature map. Unset: the student's order, NHWC. */
  readonly layout?: 'NHWC' | 'NCHW';
}

export type TensorSpecs = Readonly<Record<string, TensorSpec>>;

/** One example's tensors by name, without the batch axis. */
export type Example = HostTensors;

/** Examples put together: every tensor has the batch axis first. */
export interface Batch {
  /** Number of examples. */
  readonly size: number;
  readonly tensors: HostTensors;
  /** Index of each example in its data set; errors and the teacher store name examples by it. */
  readonly indices: readonly number[];
  /** The part of the data that they are indices of: `train`, `validation`, `test`. Unset where it is no part of a recipe's. */
  readonly part?: string;
}
