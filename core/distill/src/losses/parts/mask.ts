// Masks: which positions of padded tensors count.
import * as tf from '@tensorflow/tfjs-core';

/**
 * float32 of `shape` ([batch, ...]): 1 where a position lies within its example, 0 where it was padded. `lengths` is
 * `<name>.length` of a batch: int32 [batch], or [batch, k] for k axes. `axes`: which axes of ONE example have these lengths;
 * default the first k. Works within training, and in models that are exported.
 */
export function lengthMask(
  lengths: tf.Tensor,
  shape: readonly number[],
  axes: readonly number[] = Array.from({ length: lengths.shape[1] ?? 1 }, (_, k) => k),
): tf.Tensor {
  const [batch = 0] = shape;
  const along = (axis: number, length: number) => shape.map((_, at) => (at === axis ? length : 1));
  const masks = axes.map((axis, k) => {
    const length = shape[axis + 1] ?? 1;
    const positions = tf.reshape(tf.range(0, length, 1, 'int32'), along(axis + 1, length));
    const own = axes.length === 1 ? lengths : tf.slice(lengths, [0, k], [-1, 1]);
    return tf.cast(tf.less(positions, tf.reshape(own, along(0, batch))), 'float32');
  });
  const mask = masks.reduce<tf.Tensor | undefined>(
    (all, each) => (all ? tf.mul(all, each) : each),
    undefined,
  );
  const whole = mask ?? tf.ones(shape.map(() => 1));
  return shape.every((length, at) => whole.shape[at] === length) ? whole : tf.mul(whole, tf.ones([...shape]));
}

/**
 * Mean over the positions that count: `sum(values * mask) / sum(mask)`, 0 where nothing counts. `mask` has the leading axes
 * of `values`; it is broadcast over the others. Without a mask the mean of all. NaN where the mask is 0 is left out.
 */
export function maskedMean(values: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  if (mask === undefined) return tf.mean(values);
  const leading = values.shape.map((length, at) => (at < mask.shape.length ? length : 1));
  const weights = tf.reshape(tf.cast(mask, 'float32'), leading);
  const each = values.size === 0 ? 1 : values.size / Math.max(1, mask.size);
  const counted = tf.where(tf.greater(weights, 0), values, tf.zerosLike(values));
  const total = tf.mul(tf.sum(weights), each);
  return tf.div(tf.sum(tf.mul(counted, weights)), tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}

/** Logits [batch, ..., classes] as rows. */
export interface LogitRows {
  readonly rows: number;
  /**
   * What each row counts in the mean: float32 [rows, 1] of sum 1 (of 0 where nothing counts). Empty: 1 / rows each. For a
   * custom gradient to save.
   */
  readonly share: readonly tf.Tensor[];
  /** As rows; with 0 where the mask is 0, so that NaN in padding does no harm. */
  readonly flat: (logits: tf.Tensor) => tf.Tensor2D;
  /** Mean over the rows that count of what each adds up to. */
  readonly mean: (each: tf.Tensor) => tf.Tensor;
}

/** `mask` has the leading axes of the logits: bool, int32 or float32; weights are allowed. */
export function logitRows(shape: readonly number[], mask: tf.Tensor | undefined): LogitRows {
  const classes = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const flatten = (logits: tf.Tensor) =>
    (shape.length === 2 ? logits : tf.reshape(logits, [rows, classes])) as tf.Tensor2D;
  if (mask === undefined)
    return { rows, share: [], flat: flatten, mean: (each) => tf.mul(tf.sum(each), 1 / rows) };
  const weights = tf.reshape(tf.cast(mask, 'float32'), [rows, 1]);
  const share = normalised(weights);
  const counts = tf.greater(weights, 0);
  return {
    rows,
    share: [share],
    flat: (logits) => tf.where(counts, flatten(logits), tf.zerosLike(flatten(logits))),
    mean: (each) => tf.sum(tf.mul(tf.sum(each, -1, true), share)),
  };
}

/** The gradient of a mean: [rows, classes] times what each row counts (see {@link LogitRows.share}) and a scalar. */
export function shared(each: tf.Tensor, share: tf.Tensor | undefined, scale: tf.Tensor): tf.Tensor {
  return tf.mul(each, tf.mul(scale, share ?? 1 / (each.shape[0] ?? 1)));
}

/** Weights with sum 1; zeros where all are 0. */
export function normalised(weights: tf.Tensor): tf.Tensor {
  const total = tf.sum(weights);
  return tf.div(weights, tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}
