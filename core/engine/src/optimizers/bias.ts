// Discounted sums of adaptive rules, and the correction of their start.
import * as tf from '@tensorflow/tfjs-core';

/**
 * `beta * sum + next`: the running mean without its factor `1 - beta`, which the rules move to scalars. That spares a
 * pass over the weights, and the sum of gradients can be part of the product that makes them.
 */
export function discounted(sum: tf.Tensor, next: tf.Tensor, beta: number): tf.Tensor {
  return beta === 0 ? next : tf.add(tf.mul(sum, beta), next);
}

/**
 * `1 - beta^step`, a scalar. Written as `-tanh(x/2) * (1 + exp(x))` with `x = step * ln(beta)`, which keeps all digits
 * where `beta^step` is near 1 (beta 0.999 at step 1 would lose four of seven in float32).
 */
function biasOf(beta: number, step: tf.Scalar): tf.Tensor {
  if (beta === 0) return tf.onesLike(step);
  const x = tf.mul(step, Math.log(beta));
  return tf.neg(tf.mul(tf.tanh(tf.mul(x, 0.5)), tf.add(tf.exp(x), 1)));
}

/**
 * Adam's direction `m / (sqrt(v) + epsilon)`, both corrected, as `factor * sum / (sqrt(squares) + floor)`: the two scalars
 * hold the corrections (the remark at the end of Kingma & Ba 2015, section 2) and the factors of the running means.
 */
export function correction(
  { beta1, beta2, epsilon }: { readonly beta1: number; readonly beta2: number; readonly epsilon: number },
  step: tf.Scalar,
): { readonly factor: tf.Tensor; readonly floor: tf.Tensor } {
  const root = tf.div(tf.sqrt(biasOf(beta2, step)), Math.sqrt(1 - beta2));
  return {
    factor: tf.mul(tf.div(root, biasOf(beta1, step)), 1 - beta1),
    floor: tf.mul(root, epsilon),
  };
}
