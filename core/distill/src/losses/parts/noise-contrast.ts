// Noise-contrastive estimation: a vector beside its own and beside others of a bank (as Wu et al. 2018 and CRD do it).
import type { StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { zeros } from '../../students/init.js';
import type { VariableSet } from '../../students/variables.js';
import { stopGradient } from '@potstill/engine';

const epsilon = 1e-7;

export interface NoiseContrast {
  /** Vectors of length 1, [batch, size]. */
  readonly rows: tf.Tensor2D;
  /** One vector for each example, [examples, size]. Nothing flows back to it. */
  readonly bank: tf.Tensor2D;
  /** Where each row's own stands in the bank, int32 [batch]. */
  readonly index: tf.Tensor1D;
  /** Where its negatives stand, int32 [batch, negatives]; undefined: all others, each once. */
  readonly others: tf.Tensor2D | undefined;
  readonly temperature: number;
  /** See {@link normaliser}. */
  readonly scale: tf.Variable;
}

/** A scalar variable: 0 until the first batch, whose mean of `exp(<row, other> / temperature)` times the examples it keeps. */
export function normaliser(variables: VariableSet, name: string): tf.Variable {
  return variables.add(name, [], zeros, { trainable: false });
}

/**
 * Draws `count` others for each example, int32 [batch, count], each as likely, with repetition; undefined where that would be
 * as many as there are or more.
 */
export function otherExamples(
  index: tf.Tensor1D,
  examples: number,
  count: number,
  random: StepContext['random'],
): tf.Tensor2D | undefined {
  if (count >= examples - 1) return undefined;
  const [batch] = index.shape;
  const steps = tf.floor(tf.mul(random.uniform([batch, count]), examples - 1));
  const shift = tf.cast(tf.add(tf.minimum(steps, examples - 2), 1), 'int32');
  const places = tf.add(tf.reshape(index, [batch, 1]), shift);
  return tf.mod<tf.Tensor2D>(places, tf.scalar(examples, 'int32'));
}

/**
 * `- log h(own) - sum over others of log(1 - h)`, mean over the batch; `h = p / (p + m / N)`, `p = exp(<row, other> / t) / Z`,
 * `m` others of `N` examples.
 */
export function noiseContrast({ rows, bank, index, others, temperature, scale }: NoiseContrast): tf.Scalar {
  const [batch, examples] = [rows.shape[0], bank.shape[0]];
  const all = tf.exp(tf.div(tf.matMul(rows, bank, false, true), temperature));
  const own = tf.oneHot(index, examples);
  const flat = tf.reshape(all, [batch * examples]);
  const starts = tf.mul(tf.reshape(tf.range(0, batch, 1, 'int32'), [batch, 1]), tf.scalar(examples, 'int32'));
  const positive = tf.sum(tf.mul(all, own), 1, true);
  const negative = others ? tf.gather(flat, tf.add(starts, others)) : all;
  const counts = others ? tf.onesLike(negative) : tf.sub(1, own);
  const m = others ? others.shape[1] : examples - 1;
  const mean = tf.div(tf.add(tf.sum(positive), tf.sum(tf.mul(negative, counts))), batch * (m + 1));
  const z = tf.where(tf.greater(scale, 0), scale, tf.mul(mean, examples));
  // What is kept is a number: nothing flows through it.
  const kept = stopGradient(z);
  scale.assign(kept);
  const noise = m / examples;
  const p = tf.div(positive, kept);
  const q = tf.div(negative, kept);
  const hit = tf.log(tf.div(p, tf.add(p, noise + epsilon)));
  const miss = tf.mul(counts, tf.log(tf.div(noise, tf.add(q, noise + epsilon))));
  return tf.div(tf.neg(tf.add(tf.sum(hit), tf.sum(miss))), batch);
}
