// Gradient checkpointing: inner values are computed twice instead of being kept for the backward pass.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { withGradients } from '../kernels/gradients/install.js';
import { afterKernel } from '../kernels/order.js';
import { isRecording } from '../record/nested.js';
import { collectDraws, isReplayed, replayDraws } from '../record/random.js';
import { show } from '../record/tape.js';
import { apart, watchOperands } from '../tfjs.js';
import { collectAssigned, withValues } from './assigned.js';

/**
 * `f`, keeping none of its inner values for the backward pass: they are computed again there, from its arguments (Chen et
 * al. 2016, section 3; torch.utils.checkpoint, jax.checkpoint). Results and gradients are the same; the memory of a deep
 * net falls to that of its arguments between checkpoints, for one more forward pass.
 *
 * `f` may use variables, whose gradients it passes on, and random tensors of the step, which are the same both times;
 * statistics that it assigns change once. Any other tensor from outside must be an argument (ENGINE_OPEN_CELL). Float32
 * arguments get gradients; the result is one float32 tensor. Works on every backend, and in itself.
 */
export function checkpoint<A extends readonly tf.Tensor[], R extends tf.Tensor>(
  f: (...tensors: A) => R,
): (...tensors: A) => R {
  return (...tensors) => {
    const { result, variables, draws, before } = forward(() => f(...tensors), tensors);
    const again = (saved: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] => {
      const inputs = saved.slice(0, tensors.length).map((x) => ordered(x, dy));
      const rest = saved.slice(tensors.length);
      const drawn = rest.slice(0, draws.length);
      const values = new Map(
        [...before.keys()].map((variable, i) => [variable, rest[draws.length + i] as tf.Tensor]),
      );
      return gradients(
        () => replayDraws(drawn, () => withValues(values, () => f(...(inputs as unknown as A)))),
        [...inputs.filter(isFloat), ...variables],
        dy,
      );
    };
    const kept = [...draws, ...before.values()];
    const run = tf.customGrad((...args) => {
      // TF.js passes one more argument, which saves.
      (args.at(-1) as unknown as tf.GradSaveFunc)([...tensors, ...kept]);
      return { value: tf.clone(result), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => again(saved, dy) };
    });
    try {
      return run(...tensors.filter(isFloat), ...variables);
    } finally {
      tf.dispose(kept);
    }
  };
}

function isFloat({ dtype }: tf.Tensor): boolean {
  return dtype === 'float32';
}

interface ForwardPass<R> {
  readonly result: R;
  /** Float variables that were used, in the order of first use. */
  readonly variables: readonly tf.Variable[];
  /** Random tensors of the step that were drawn. */
  readonly draws: readonly tf.Tensor[];
  /** What the variables held that were assigned. */
  readonly before: ReadonlyMap<tf.Variable, tf.Tensor>;
}

/** Runs `f` without a tape. */
function forward<R extends tf.Tensor>(f: () => R, tensors: readonly tf.Tensor[]): ForwardPass<R> {
  const own = new Set(tensors.map(({ id }) => id));
  const variables = new Set<tf.Variable>();
  const used = (tensor: tf.Tensor): void => {
    if (tensor instanceof tf.Variable) {
      if (isFloat(tensor)) variables.add(tensor as tf.Variable);
    } else if (!own.has(tensor.id) && !isReplayed(tensor)) refuseForeign(tensor);
  };
  const draws: tf.Tensor[] = [];
  const before = new Map<tf.Variable, tf.Tensor>();
  const result = apart(() =>
    watchOperands(used, () => collectAssigned(before, () => collectDraws(draws, () => tf.tidy(() => f())))),
  );
  if (!isFloat(result))
    throw new EngineError(
      'ENGINE_SHAPE',
      `checkpoint: the function returned ${show(result)}, expected float32`,
    );
  return { result, variables: [...variables], draws, before };
}

function refuseForeign(tensor: tf.Tensor): never {
  throw new EngineError(
    'ENGINE_OPEN_CELL',
    `checkpoint: the function uses a tensor from outside (${show(tensor)}) that is not one of its arguments`,
    { hint: 'Make it an argument: checkpoint((x, y) => …)(x, y). Variables need not be arguments.' },
  );
}

/** Gradients of `f` at `xs`; zeros where it does not depend on one. */
function gradients(f: () => tf.Tensor, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { grads } = withGradients(() => apart(() => tf.engine().gradients(f, xs, dy, true)));
  // The declared type leaves out that `f` may not depend on all.
  return (grads as (tf.Tensor | undefined)[]).map((grad, i) => grad ?? tf.zerosLike(xs[i] as tf.Tensor));
}

/** `x`, not to be computed with before `dy` is there: in a graph, what is computed twice would be computed once, early. */
function ordered(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return isRecording() ? tf.engine().runKernel(afterKernel, { x, after: dy }) : x;
}
