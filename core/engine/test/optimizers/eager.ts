// Applies an Optimizer by plain TF.js, in the order that the engine promises: gradients, limits, update, constraint.
import type { NamedVariable, Optimizer } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';

export interface EagerState {
  readonly variables: readonly NamedVariable[];
  /** By variable and slot, as `w1/mean`. */
  readonly slots: Map<string, tf.Tensor>;
}

/** One update in place; gives the loss before it. */
export function eagerUpdate(
  optimizer: Optimizer,
  state: EagerState,
  at: { readonly rate: number; readonly step: number },
  loss: () => tf.Scalar,
): number {
  const { value, grads } = tf.variableGrads(
    loss,
    state.variables.map(({ variable }) => variable),
  );
  applyGradients(
    optimizer,
    state,
    at,
    state.variables.map(({ variable }) => grads[variable.name] as tf.Tensor),
  );
  return value.dataSync()[0] as number;
}

/** One update in place from given gradients. */
export function applyGradients(
  optimizer: Optimizer,
  state: EagerState,
  at: { readonly rate: number; readonly step: number },
  raw: readonly tf.Tensor[],
): void {
  const gradients = optimizer.transformGradients?.(raw) ?? raw;
  state.variables.forEach((variable, i) => {
    const slots = Object.fromEntries(
      optimizer.slots.map(({ name, shape, fill }) => [
        name,
        state.slots.get(`${variable.name}/${name}`) ??
          (fill === 'value'
            ? variable.variable.clone()
            : tf.fill(shape === 'scalar' ? [] : variable.variable.shape, fill)),
      ]),
    );
    const next = optimizer.update(variable.variable, gradients[i] as tf.Tensor, slots, {
      rate: tf.scalar(at.rate),
      step: tf.scalar(at.step),
      variable,
    });
    for (const [name, slot] of Object.entries(next.slots)) state.slots.set(`${variable.name}/${name}`, slot);
    variable.variable.assign(optimizer.constrain?.(next.value, variable) ?? next.value);
  });
}
