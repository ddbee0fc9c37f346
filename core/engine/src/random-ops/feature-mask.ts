// Blocks of time steps and of features masked while training (SpecAugment: Park et al. 2019, section 2).
import * as tf from '@tensorflow/tfjs-core';
import { checkNonNegative, checkWhole } from '../option-checks.js';
import type { StepContext } from '../types.js';

export interface FeatureMaskOptions {
  /** Blocks of features (frequencies) for each example. Default 1. */
  readonly featureMasks?: number;
  /** Greatest width of a block of features (`F`); each is uniform from 0. Default 0: none. */
  readonly featureWidth?: number;
  /** Blocks of time steps for each example. Default 1. */
  readonly timeMasks?: number;
  /** Greatest width of a block of time steps (`T`); each is uniform from 0. Default 0: none. */
  readonly timeWidth?: number;
  /** A block of time steps covers at most this share of an example (`p`). Default 1. */
  readonly timeShare?: number;
  /** Time steps of each example, [batch]; blocks of time lie within them. Default: all. */
  readonly lengths?: tf.Tensor;
}

/**
 * Sets blocks of `x` [batch, time, features] to 0, the mean of normalised features: other blocks for each example, at every
 * step. Returns `x` itself when not training. Errors: ENGINE_OPTION for counts and widths that are not whole numbers of at
 * least 0.
 */
export function featureMask(x: tf.Tensor3D, at: StepContext, options: FeatureMaskOptions): tf.Tensor3D {
  const { featureMasks = 1, featureWidth = 0, timeMasks = 1, timeWidth = 0, timeShare = 1 } = options;
  for (const [name, value] of Object.entries({ featureMasks, featureWidth, timeMasks, timeWidth }))
    checkWhole('featureMask', name, value, 0);
  checkNonNegative('featureMask', 'timeShare', timeShare);
  if (!at.training) return x;
  const [batch, time, features] = x.shape;
  let masked = x;
  if (timeMasks > 0 && timeWidth > 0) {
    const lengths = options.lengths
      ? tf.reshape(tf.cast(options.lengths, 'float32'), [batch, 1, 1])
      : tf.fill([batch, 1, 1], time);
    const widest = tf.minimum(tf.floor(tf.mul(lengths, timeShare)), timeWidth);
    const keep = keptBy({ batch, masks: timeMasks, axis: time, lengths, widest }, at);
    masked = tf.mul(masked, tf.reshape(keep, [batch, time, 1]));
  }
  if (featureMasks > 0 && featureWidth > 0) {
    const lengths = tf.fill([batch, 1, 1], features);
    const widest = tf.minimum(lengths, featureWidth);
    const keep = keptBy({ batch, masks: featureMasks, axis: features, lengths, widest }, at);
    masked = tf.mul(masked, tf.reshape(keep, [batch, 1, features]));
  }
  return masked;
}

interface Blocks {
  readonly batch: number;
  readonly masks: number;
  /** Length of the axis. */
  readonly axis: number;
  /** How much of the axis blocks may lie on, and how wide they may be: [batch, 1, 1]. */
  readonly lengths: tf.Tensor;
  readonly widest: tf.Tensor;
}

/** 0 within a block, else 1: [batch, axis]. Widths are uniform on 0..widest, starts on what then fits. */
function keptBy({ batch, masks, axis, lengths, widest }: Blocks, at: StepContext): tf.Tensor {
  const width = tf.floor(tf.mul(at.random.uniform([batch, masks, 1]), tf.add(widest, 1)));
  const room = tf.add(tf.sub(lengths, width), 1);
  const start = tf.floor(tf.mul(at.random.uniform([batch, masks, 1]), room));
  const index = tf.reshape(tf.range(0, axis, 1, 'float32'), [1, 1, axis]);
  const outside = tf.logicalOr(tf.less(index, start), tf.greaterEqual(index, tf.add(start, width)));
  return tf.min(tf.cast(outside, 'float32'), 1);
}
