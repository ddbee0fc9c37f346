// Gradient accumulation: several calls of `train` make one update, with the mean of their gradients.
import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable, SlotSpec, TrainingDefinition } from '../types.js';
import { trainableOf } from './update.js';

/** What a call of `train` does with its gradients: adds them to those gathered so far, or updates with their mean. */
export type StepPart = 'add' | 'update';

/** Holds the sum of the gradients gathered since the last update. There when more than one call makes an update. */
export const accumulatedSlot: SlotSpec = { name: 'accumulated', shape: 'variable', fill: 0 };

/** Calls of `train` that make one update. */
export function callsPerUpdate({ accumulate = 1 }: TrainingDefinition): number {
  return accumulate;
}

/** What the next call does after `calls` that took effect. */
export function partAfter(definition: TrainingDefinition, calls: number): StepPart {
  return (calls + 1) % callsPerUpdate(definition) === 0 ? 'update' : 'add';
}

/** The update, from 1, that the next call belongs to. */
export function updateAfter(definition: TrainingDefinition, calls: number): number {
  return Math.floor(calls / callsPerUpdate(definition)) + 1;
}

type Gradients = readonly (tf.Tensor | undefined)[];

/** The sums with these gradients, of the variables that have one. */
export function gathered(
  definition: TrainingDefinition,
  gradients: Gradients,
  sumOf: (variable: NamedVariable) => tf.Tensor,
): { readonly variable: NamedVariable; readonly sum: tf.Tensor }[] {
  return trainableOf(definition).flatMap((variable, i) => {
    const gradient = gradients[i];
    return gradient ? [{ variable, sum: tf.add(sumOf(variable), gradient) }] : [];
  });
}

/** The means over all calls of an update, of the variables that have a gradient at its last. */
export function meansOf(
  definition: TrainingDefinition,
  gradients: Gradients,
  sumOf: (variable: NamedVariable) => tf.Tensor,
): Gradients {
  const calls = callsPerUpdate(definition);
  if (calls === 1) return gradients;
  const sums = new Map(
    gathered(definition, gradients, sumOf).map(({ variable, sum }) => [variable, tf.mul(sum, 1 / calls)]),
  );
  return trainableOf(definition).map((variable) => sums.get(variable));
}
