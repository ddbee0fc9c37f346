// Gradients and updates of one step, the same code recorded and eager.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type {
  LossTerms,
  NamedTensors,
  NamedVariable,
  StepContext,
  TrainingDefinition,
  UpdateContext,
} from '../types.js';
import { show } from './tape.js';

/** The variables that gradients are taken of, in their order. */
export function trainableOf(definition: TrainingDefinition): NamedVariable[] {
  return definition.variables.filter(({ trainable }) => trainable !== false);
}

/**
 * The loss, the other terms and the gradients of the trainable variables (undefined: not reached).
 * `keep` turns the scalars into what outlives the forward pass.
 */
export function gradientsOf<T>(
  definition: TrainingDefinition,
  inputs: NamedTensors,
  at: StepContext,
  keep: (scalar: tf.Tensor) => T,
): { loss: T; terms: { name: string; value: T }[]; gradients: (tf.Tensor | undefined)[] } {
  const trainable = trainableOf(definition);
  if (trainable.length === 0)
    throw new EngineError('ENGINE_NO_GRADIENT', 'the definition has no trainable variable');
  const terms: { name: string; value: T }[] = [];
  let loss: T | undefined;
  const forward = (): tf.Scalar => {
    const result = definition.loss(inputs, at);
    checkTerms(result);
    loss = keep(result.loss);
    for (const [name, scalar] of Object.entries(result))
      if (name !== 'loss') terms.push({ name, value: keep(scalar) });
    return result.loss;
  };
  // With `true`, unreached variables give undefined instead of an error.
  const { grads } = differentiate(() =>
    tf.engine().gradients<tf.Tensor>(
      forward,
      trainable.map(({ variable }) => variable),
      undefined,
      true,
    ),
  );
  // The declared type leaves out that unreached variables have none.
  const gradients = (grads as (tf.Tensor | null | undefined)[]).map((gradient) => gradient ?? undefined);
  if (gradients.every((gradient) => gradient === undefined))
    throw new EngineError(
      'ENGINE_NO_GRADIENT',
      `the loss depends on none of the ${trainable.length} trainable variables (${namesOf(trainable)})`,
      { hint: "Compute the loss from the definition's variables, using only TF.js operations." },
    );
  return { loss: loss as T, terms, gradients };
}

/** Where `updateAll` finds slots and puts results. */
export interface UpdateStore {
  slotsOf(variable: NamedVariable): NamedTensors;
  put(variable: NamedVariable, value: tf.Tensor, slots: NamedTensors): void;
}

/** Applies the update rule to every variable that has a gradient; gives the names of those without. */
export function updateAll(
  definition: TrainingDefinition,
  gradients: readonly (tf.Tensor | undefined)[],
  scalars: { readonly rate: tf.Scalar; readonly step: tf.Scalar },
  store: UpdateStore,
): string[] {
  const { optimizer } = definition;
  const trainable = trainableOf(definition);
  const unreached = trainable.filter((_, i) => gradients[i] === undefined).map(({ name }) => name);
  const reached = trainable.filter((_, i) => gradients[i] !== undefined);
  const present = gradients.filter((gradient) => gradient !== undefined);
  const transformed = optimizer.transformGradients?.(present) ?? present;
  if (transformed.length !== present.length)
    throw new EngineError(
      'ENGINE_SHAPE',
      `optimizer ${optimizer.name}: transformGradients returned ${transformed.length} gradients for ${present.length}`,
    );
  reached.forEach((variable, i) => {
    const at: UpdateContext = { ...scalars, variable };
    const old = store.slotsOf(variable);
    const next = optimizer.update(variable.variable, transformed[i] as tf.Tensor, old, at);
    const value = optimizer.constrain?.(next.value, variable) ?? next.value;
    checkUpdate(optimizer.name, variable.name, 'value', value, variable.variable);
    const slots: NamedTensors = { ...next.slots, ...optimizer.follow?.(value, old, at) };
    for (const [slot, before] of Object.entries(old))
      checkUpdate(optimizer.name, variable.name, `slot ${slot}`, slots[slot], before);
    store.put(
      variable,
      value,
      Object.fromEntries(Object.keys(old).map((slot) => [slot, slots[slot] as tf.Tensor])),
    );
  });
  return unreached;
}

function checkUpdate(
  optimizer: string,
  variable: string,
  what: string,
  got: tf.Tensor | undefined,
  expected: tf.Tensor,
): void {
  if (got?.dtype === expected.dtype && String(got.shape) === String(expected.shape)) return;
  throw new EngineError(
    'ENGINE_SHAPE',
    `optimizer ${optimizer}: the next ${what} of \`${variable}\` is ${got ? show(got) : 'missing'}, expected ${show(expected)}`,
  );
}

function checkTerms(terms: LossTerms): void {
  // Plain JavaScript may give anything, so types prove nothing here.
  const entries = Object.entries(terms) as [string, unknown][];
  if (!entries.some(([name]) => name === 'loss'))
    throw new EngineError('ENGINE_SHAPE', 'the loss function returned no `loss`', {
      hint: 'Return { loss: <scalar> }, and other scalars beside it.',
    });
  for (const [name, scalar] of entries)
    if (!(scalar instanceof tf.Tensor) || scalar.rank !== 0 || scalar.dtype !== 'float32')
      throw new EngineError(
        'ENGINE_SHAPE',
        `the loss function's \`${name}\` is ${scalar instanceof tf.Tensor ? show(scalar) : typeof scalar}, expected a float32 scalar`,
        { hint: 'Reduce it with tf.mean or tf.sum over all axes.' },
      );
}

/** TF.js reports a missing gradient with a plain error; ours names the kernel and says what to do. */
function differentiate<T>(body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const kernel =
      cause instanceof Error ? /gradient function not found for (\w+)/.exec(cause.message)?.[1] : undefined;
    if (kernel === undefined) throw cause;
    throw new EngineError('ENGINE_NO_GRADIENT', `TF.js has no gradient for ${kernel}`, {
      hint: 'Use another operation, or register one with tf.registerGradient.',
      cause,
    });
  }
}

function namesOf(variables: readonly NamedVariable[]): string {
  const shown = variables.slice(0, 3).map(({ name }) => name);
  return variables.length > 3 ? `${shown.join(', ')}, …` : shown.join(', ');
}
