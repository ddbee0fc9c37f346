// Gradients and updates of one step, the same code recorded and eager.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type {
  LossTerms,
  NamedTensors,
  NamedVariable,
  Optimizer,
  StepContext,
  TrainingDefinition,
  UpdateContext,
} from '../types.js';
import { onOneTape } from '../tfjs.js';
import { groupOf, type UpdateGroup } from './groups.js';
import { show } from './tape.js';

/** The variables that gradients are taken of, in their order. */
export function trainableOf(definition: TrainingDefinition): NamedVariable[] {
  return definition.variables.filter(({ trainable }) => trainable !== false);
}

/** Scalars and gradients of one step. */
export interface Gradients<T> {
  readonly loss: T;
  readonly terms: { name: string; value: T }[];
  /** Of each trainable variable what its group minimizes; undefined: not reached. */
  readonly gradients: (tf.Tensor | undefined)[];
  /** Likewise, of the terms that the variable's rule asks for. */
  readonly apart: (NamedTensors | undefined)[];
}

/**
 * The loss, the other terms and the gradients of the trainable variables, each of the term that its group minimizes.
 * `keep` turns the scalars into what outlives the forward pass.
 */
export function gradientsOf<T>(
  definition: TrainingDefinition,
  inputs: NamedTensors,
  at: StepContext,
  keep: (scalar: tf.Tensor) => T,
): Gradients<T> {
  const trainable = trainableOf(definition);
  if (trainable.length === 0)
    throw new EngineError('ENGINE_NO_GRADIENT', 'the definition has no trainable variable');
  const terms: { name: string; value: T }[] = [];
  let loss: T | undefined;
  const forward = (): LossTerms => {
    const result = definition.loss(inputs, at);
    checkTerms(result);
    loss = keep(result.loss);
    for (const [name, scalar] of Object.entries(result))
      if (name !== 'loss') terms.push({ name, value: keep(scalar) });
    return result;
  };
  const group = groupOf(definition);
  const groups = trainable.map(group);
  const simple = groups.every(({ term, optimizer }) => term === 'loss' && !optimizer.terms);
  if (simple) {
    const gradients = backward(() => forward().loss, trainable);
    refuseUnreached('loss', trainable, gradients);
    return { loss: loss as T, terms, gradients, apart: trainable.map(() => undefined) };
  }
  return onOneTape(() => {
    const scalars = forward();
    const gradients: (tf.Tensor | undefined)[] = trainable.map(() => undefined);
    const apart: (NamedTensors | undefined)[] = trainable.map(() => undefined);
    for (const each of new Set(groups)) {
      const own = trainable.flatMap((variable, i) => (groups[i] === each ? [{ variable, i }] : []));
      const variables = own.map(({ variable }) => variable);
      const wanted = each.optimizer.terms ?? [each.term];
      const found = wanted.map((term) => backward(() => scalarOf(scalars, term, each), variables));
      own.forEach(({ variable: { variable }, i }, k) => {
        const parts = found.map((gradient) => gradient[k]);
        const reached = parts.filter((part) => part !== undefined);
        if (reached.length === 0) return;
        gradients[i] = reached.length === 1 ? reached[0] : tf.addN(reached);
        if (each.optimizer.terms)
          apart[i] = Object.fromEntries(
            wanted.map((term, at) => [term, parts[at] ?? tf.zeros(variable.shape)]),
          );
      });
      refuseUnreached(
        each.term,
        variables,
        own.map(({ i }) => gradients[i]),
      );
    }
    return { loss: loss as T, terms, gradients, apart };
  });
}

/** With `true`, unreached variables give undefined instead of an error. */
function backward(scalar: () => tf.Tensor, variables: readonly NamedVariable[]): (tf.Tensor | undefined)[] {
  const { grads } = differentiate(() =>
    tf.engine().gradients<tf.Tensor>(
      scalar,
      variables.map(({ variable }) => variable),
      undefined,
      true,
    ),
  );
  // The declared type leaves out that unreached variables have none.
  return (grads as (tf.Tensor | null | undefined)[]).map((gradient) => gradient ?? undefined);
}

function scalarOf(scalars: LossTerms, term: string, { name, optimizer }: UpdateGroup): tf.Scalar {
  const found = (scalars as Readonly<Record<string, tf.Scalar | undefined>>)[term];
  if (found) return found;
  const who = name === undefined ? `the optimizer ${optimizer.name}` : `the group \`${name}\``;
  throw new EngineError(
    'ENGINE_SHAPE',
    `${who} minimizes \`${term}\`, which the loss function does not return; it returns ${Object.keys(scalars).join(', ')}`,
  );
}

function refuseUnreached(
  term: string,
  variables: readonly NamedVariable[],
  gradients: readonly (tf.Tensor | undefined)[],
): void {
  if (!gradients.every((gradient) => gradient === undefined)) return;
  const what = term === 'loss' ? 'the loss' : `\`${term}\``;
  throw new EngineError(
    'ENGINE_NO_GRADIENT',
    `${what} depends on none of the ${variables.length} trainable variables (${namesOf(variables)})`,
    { hint: "Compute the loss from the definition's variables, using only TF.js operations." },
  );
}

/** Where `updateAll` finds rates and slots, and puts results. */
export interface UpdateStore {
  scalarsOf(group: UpdateGroup): { readonly rate: tf.Scalar; readonly step: tf.Scalar };
  slotsOf(variable: NamedVariable): NamedTensors;
  put(variable: NamedVariable, value: tf.Tensor, slots: NamedTensors): void;
}

/** Applies its update rule to every variable that has a gradient; gives the names of those without. */
export function updateAll(
  definition: TrainingDefinition,
  gradients: readonly (tf.Tensor | undefined)[],
  apart: readonly (NamedTensors | undefined)[],
  store: UpdateStore,
): string[] {
  const trainable = trainableOf(definition);
  const group = groupOf(definition);
  const groups = trainable.map(group);
  for (const each of new Set(groups)) {
    const reached = trainable.flatMap((variable, i) => {
      const gradient = groups[i] === each ? gradients[i] : undefined;
      return gradient ? [{ variable, gradient, terms: apart[i] }] : [];
    });
    if (reached.length > 0) updateGroup(each.optimizer, reached, store.scalarsOf(each), store);
  }
  return trainable.filter((_, i) => gradients[i] === undefined).map(({ name }) => name);
}

function updateGroup(
  optimizer: Optimizer,
  reached: readonly {
    readonly variable: NamedVariable;
    readonly gradient: tf.Tensor;
    readonly terms: NamedTensors | undefined;
  }[],
  scalars: { readonly rate: tf.Scalar; readonly step: tf.Scalar },
  store: UpdateStore,
): void {
  const present = reached.map(({ gradient }) => gradient);
  const transformed = optimizer.transformGradients?.(present) ?? present;
  if (transformed.length !== present.length)
    throw new EngineError(
      'ENGINE_SHAPE',
      `optimizer ${optimizer.name}: transformGradients returned ${transformed.length} gradients for ${present.length}`,
    );
  reached.forEach(({ variable, terms }, i) => {
    const at: UpdateContext = { ...scalars, variable, ...(terms ? { gradients: terms } : {}) };
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
