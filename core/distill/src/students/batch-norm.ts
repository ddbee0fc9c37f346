// Batch normalisation over all axes but the last (Ioffe & Szegedy 2015, algorithms 1 and 2).
import type { StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ones, zeros } from './init.js';
import type { VariableSet } from './variables.js';

export type Layer = (x: tf.Tensor, at: StepContext) => tf.Tensor;

/** Share of the moving statistics that is kept at each training step. */
const momentum = 0.9;
const epsilon = 1e-5;

/**
 * A layer for tensors [batch, ..., channels]. Training: normalises by the batch's mean and (biased) variance, and assigns
 * the moving statistics; else normalises by those. Variables: `scale`, `offset`, `mean`, `variance` below `name`.
 */
export function batchNorm(variables: VariableSet, name: string, channels: number): Layer {
  const scale = variables.add(`${name}.scale`, [channels], ones, { decay: false });
  const offset = variables.add(`${name}.offset`, [channels], zeros, { decay: false });
  const movingMean = variables.add(`${name}.mean`, [channels], zeros, { trainable: false });
  const movingVariance = variables.add(`${name}.variance`, [channels], ones, { trainable: false });
  return (x, at) => {
    if (!at.training)
      return tf.batchNorm(
        x as tf.Tensor4D,
        movingMean as tf.Tensor1D,
        movingVariance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        epsilon,
      );
    const axes = batchAxes(x);
    const mean = tf.mean(x, axes);
    const variance = tf.mean(tf.square(tf.sub(x, mean)), axes);
    move(movingMean, mean);
    move(movingVariance, variance);
    return normalize(x, scale, offset, { mean, variance });
  };
}

function batchAxes(x: tf.Tensor): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}

function move(statistic: tf.Variable, next: tf.Tensor): void {
  statistic.assign(tf.add(tf.mul(statistic, momentum), tf.mul(next, 1 - momentum)));
}

/**
 * `(x - mean) / sqrt(variance + epsilon) * scale + offset`, where mean and variance are those of `x`. The gradient is in
 * closed form and sees that they depend on `x`: `scale / deviation * (dy - mean(dy) - n * mean(dy * n))`, `n` normalised.
 */
export function normalize(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  of: { readonly mean: tf.Tensor; readonly variance: tf.Tensor },
): tf.Tensor {
  const axes = batchAxes(x);
  const count = x.size / (x.shape.at(-1) as number);
  const compute = tf.customGrad((...given) => {
    const [values, scales, offsets, save] = given as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const inverse = tf.rsqrt(tf.add(of.variance, epsilon));
    const normal = tf.mul(tf.sub(values, of.mean), inverse);
    save([normal, tf.mul(scales, inverse)]);
    return {
      value: tf.add(tf.mul(normal, scales), offsets),
      gradFunc: (dy, saved) => {
        const [n, factor] = saved as [tf.Tensor, tf.Tensor];
        const offsetGradient = tf.sum(dy, axes);
        const scaleGradient = tf.sum(tf.mul(dy, n), axes);
        const common = tf.add(tf.div(offsetGradient, count), tf.mul(n, tf.div(scaleGradient, count)));
        return [tf.mul(tf.sub(dy, common), factor), scaleGradient, offsetGradient];
      },
    };
  });
  return compute(x, scale, offset);
}
