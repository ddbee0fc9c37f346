// What a training definition must fulfil before anything is recorded, and the state that it starts from.
import type * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { sizeOf } from '../graph/builder.js';
import { hasAverage, averageSlot } from '../optimizers/averaged.js';
import { accumulatedSlot, callsPerUpdate } from '../record/accumulate.js';
import { checkGroups, groupOf, groupsOf } from '../record/groups.js';
import type { DType, HostTensor } from '../host-tensor.js';
import type { NamedVariable, SlotSpec, TrainingDefinition, WeightOptions } from '../types.js';
import { hostOf } from './host.js';

/** Refuses variables listed twice, under one name, or not trainable by their dtype. */
export function checkVariables(variables: readonly NamedVariable[]): void {
  const names = new Set<string>();
  const seen = new Map<tf.Variable, string>();
  for (const { name, variable, trainable } of variables) {
    if (names.has(name))
      throw new EngineError('ENGINE_STATE', `two variables have the name \`${name}\``, {
        hint: 'Names identify variables in checkpoints and exports: use a different name for each.',
      });
    const other = seen.get(variable);
    if (other !== undefined)
      throw new EngineError('ENGINE_STATE', `\`${name}\` and \`${other}\` are the same variable`);
    if (variable.isDisposed) throw new EngineError('ENGINE_STATE', `the variable \`${name}\` is disposed`);
    if (trainable !== false && variable.dtype !== 'float32')
      throw new EngineError(
        'ENGINE_SHAPE',
        `the trainable variable \`${name}\` is ${variable.dtype}; only float32 can be trained`,
        { hint: 'Mark it `trainable: false`.' },
      );
    names.add(name);
    seen.set(variable, name);
  }
}

/** Refuses a definition whose variables or options cannot be trained. */
export function checkDefinition(definition: TrainingDefinition): void {
  const { variables } = definition;
  checkVariables(variables);
  checkGroups(definition);
  const calls = callsPerUpdate(definition);
  if (!Number.isInteger(calls) || calls < 1)
    throw new EngineError('ENGINE_OPTION', `accumulate is ${calls}, it must be a whole number of at least 1`);
  const group = groupOf(definition);
  for (const each of groupsOf(definition)) {
    const { optimizer } = each;
    if (optimizer.slots.some(({ name }) => name === accumulatedSlot.name))
      throw new EngineError(
        'ENGINE_OPTION',
        `optimizer ${optimizer.name}: a slot cannot be called \`${accumulatedSlot.name}\`, which holds the gradients gathered for an update`,
      );
    optimizer.check?.(variables.filter((variable) => group(variable).name === each.name));
  }
}

/** A variable's value now, as a copy. */
export function valueOf({ variable }: NamedVariable): HostTensor {
  return hostOf(variable.dtype as DType, [...variable.shape], variable.dataSync());
}

/** All slots of a definition: of each trainable variable, whether the loss reaches it or not. */
export function slotsOf(definition: TrainingDefinition): {
  readonly variable: NamedVariable;
  readonly slot: SlotSpec;
  readonly shape: readonly number[];
}[] {
  const { variables } = definition;
  const group = groupOf(definition);
  const gathers = callsPerUpdate(definition) > 1 ? [accumulatedSlot] : [];
  return variables.flatMap((variable) =>
    variable.trainable === false
      ? []
      : [...group(variable).optimizer.slots, ...gathers].map((slot) => ({
          variable,
          slot,
          shape: slot.shape === 'scalar' ? [] : variable.variable.shape,
        })),
  );
}

/** A slot's name in a training state. */
export function slotName(variable: string, slot: string): string {
  return `${variable}/${slot}`;
}

/** A variable's slot as training starts. */
export function freshSlot({ fill }: SlotSpec, shape: readonly number[], variable: NamedVariable): HostTensor {
  if (fill === 'value') return valueOf(variable);
  return { dtype: 'float32', shape: [...shape], data: new Float32Array(sizeOf(shape)).fill(fill) };
}

/** The slot that stands for a variable under these options; undefined where it stands for itself. Throws ENGINE_OPTION where no average is kept. */
export function weightSlot(
  definition: TrainingDefinition,
  { weights = 'trained' }: WeightOptions = {},
): (variable: NamedVariable) => string | undefined {
  if (weights === 'trained') return () => undefined;
  const { optimizer } = definition;
  if (!hasAverage(optimizer))
    throw new EngineError(
      'ENGINE_OPTION',
      `averages of the weights were requested, but the optimizer ${optimizer.name} keeps none`,
      { hint: 'Wrap it: averaged(optimizer, 0.999).' },
    );
  const group = groupOf(definition);
  return (variable) =>
    variable.trainable === false || !hasAverage(group(variable).optimizer) ? undefined : averageSlot;
}
