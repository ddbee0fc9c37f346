// Samples of a category that gradients pass through (Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax").
import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../option-checks.js';
import type { StepContext } from '../types.js';

/** Half of the smallest number above 0 that is drawn: keeps the logarithm finite. */
const least = 2 ** -25;

/**
 * `softmax((logits + g) / temperature)` over the last axis, with Gumbel noise `g` (section 2.1): near a one-hot sample at low
 * temperatures (above 0, else ENGINE_OPTION). `hard`: exactly one-hot, with the gradient of the soft sample (straight through,
 * section 2.2). Without noise when not training: the softmax at that temperature, or the most likely category.
 */
export function gumbelSoftmax<T extends tf.Tensor>(
  logits: T,
  temperature: number,
  at: StepContext,
  { hard = false }: { readonly hard?: boolean } = {},
): T {
  checkPositive('gumbelSoftmax', 'temperature', temperature);
  const noisy = at.training ? tf.add(logits, gumbel(logits.shape, at)) : logits;
  const soft = tf.softmax(tf.div(noisy, temperature));
  return (hard ? straightThrough(soft) : soft) as T;
}

function gumbel(shape: readonly number[], at: StepContext): tf.Tensor {
  const uniform = tf.maximum(at.random.uniform(shape), least);
  return tf.neg(tf.log(tf.neg(tf.log(uniform))));
}

/** The one-hot form of the largest on the last axis; its gradient goes to what it was made from, unchanged. */
function straightThrough(soft: tf.Tensor): tf.Tensor {
  const oneHot = tf.customGrad((x) => {
    const given = x as tf.Tensor;
    // tf.oneHot refuses a single class.
    const classes = tf.range(0, given.shape.at(-1) as number, 1, 'int32');
    const value = tf.cast(tf.equal(tf.expandDims(tf.argMax(given, -1), -1), classes), 'float32');
    return { value, gradFunc: (dy: tf.Tensor) => dy };
  });
  return oneHot(soft);
}
