// Records a whole training step: forward pass, gradients, update rule, in one trace.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { KernelTable } from '../kernels/rule.js';
import type { InputShapes, NamedTensors, NamedVariable, TrainingDefinition } from '../types.js';

export type { InputShapes } from '../types.js';
import { accumulatedSlot, gathered, meansOf, type StepPart } from './accumulate.js';
import { groupOf, type UpdateGroup } from './groups.js';
import { numberedRandom, type RandomDraw } from './random.js';
import { record, type RecordOptions, variableInput } from './recording.js';
import { lastReadyFirst, type RecordedChange } from './run-order.js';
import type { Recorded } from './tape.js';
import { gradientsOf, trainableOf, updateAll } from './update.js';

export interface RecordedStep {
  readonly loss: Recorded;
  readonly terms: readonly { readonly name: string; readonly value: Recorded }[];
  readonly changes: readonly RecordedChange[];
  readonly draws: readonly RandomDraw[];
  /** Graph inputs that are zeros again after the step: gradients that went into an update. */
  readonly resets: readonly string[];
  /** Trainable variables that the loss does not depend on; they keep their values. */
  readonly unreached: readonly string[];
}

const rateInput = 'rate';
const stepInput = 'step';

/** The rate and the number of the update, of one group's or of the definition's own variables. */
export function scalarInputs({ name }: Pick<UpdateGroup, 'name'>): {
  readonly rate: string;
  readonly step: string;
} {
  const suffix = name === undefined ? '' : `:${name}`;
  return { rate: rateInput + suffix, step: stepInput + suffix };
}

export function userInput(name: string): string {
  return `input:${name}`;
}

export function slotInput(variable: string, slot: string): string {
  return `slot:${variable}/${slot}`;
}

/** Records one update of `definition`, or a part of it that only gathers gradients, for inputs of these shapes. */
export function recordStep(
  table: KernelTable,
  definition: TrainingDefinition,
  shapes: InputShapes,
  part: StepPart = 'update',
  options?: RecordOptions,
): RecordedStep {
  const { variables } = definition;
  const draws: RandomDraw[] = [];
  const group = groupOf(definition);
  const slotsOf = (variable: NamedVariable): string[] =>
    [...group(variable).optimizer.slots, accumulatedSlot].map((slot) => slotInput(variable.name, slot.name));
  const waits = new Map<string, Recorded>();
  const { tape, result, assigned } = record(
    table,
    variables,
    ({ tape, input, recorded }) => {
      const inputs: NamedTensors = Object.fromEntries(
        Object.entries(shapes).map(([name, { shape, dtype }]) => [
          name,
          input(userInput(name), shape, dtype),
        ]),
      );
      const random = numberedRandom((draw) => {
        draws.push(draw);
        return input(draw.input, draw.shape, 'float32');
      });
      const { loss, terms, gradients, apart } = gradientsOf(
        definition,
        inputs,
        { training: true, random },
        (tensor) => recorded(tensor),
      );
      tape.part = 'update rule';
      trainableOf(definition).forEach((variable, i) => {
        const gradient = gradients[i];
        if (!gradient) return;
        for (const of of [variableInput(variable.name), ...slotsOf(variable)])
          waits.set(of, recorded(gradient));
      });
      const slots = new Map<string, Recorded>();
      const resets: string[] = [];
      const sumOf = ({ name, variable }: NamedVariable): tf.Tensor => {
        const sum = slotInput(name, accumulatedSlot.name);
        if (part === 'update') resets.push(sum);
        return input(sum, variable.shape, 'float32');
      };
      if (part === 'add') {
        const sums = gathered(definition, gradients, sumOf);
        for (const { variable, sum } of sums)
          slots.set(slotInput(variable.name, accumulatedSlot.name), recorded(sum));
        return { loss, terms, slots, resets, unreached: [] };
      }
      const unreached = updateAll(definition, meansOf(definition, gradients, sumOf), apart, {
        scalarsOf: (each) => {
          const { rate, step } = scalarInputs(each);
          return {
            rate: input(rate, [], 'float32') as tf.Scalar,
            step: input(step, [], 'float32') as tf.Scalar,
          };
        },
        slotsOf: (named) => {
          const { name, variable } = named;
          return Object.fromEntries(
            group(named).optimizer.slots.map((slot) => [
              slot.name,
              input(slotInput(name, slot.name), slot.shape === 'scalar' ? [] : variable.shape, 'float32'),
            ]),
          );
        },
        put: ({ name, variable }, value, next) => {
          variable.assign(value);
          for (const [slot, tensor] of Object.entries(next))
            slots.set(slotInput(name, slot), recorded(tensor));
        },
      });
      return { loss, terms, slots, resets, unreached };
    },
    options,
  );
  const changed = assigned.flatMap((next, i) => {
    const name = variableInput(variables[i]?.name ?? '');
    return next.source.kind === 'input' && next.source.name === name ? [] : [{ input: name, next }];
  });
  if (changed.length === 0 && part === 'update')
    throw new EngineError('ENGINE_NO_GRADIENT', 'the step changes no variable', {
      hint: 'Check that the loss is computed from the variables of the definition.',
    });
  const changes = [...changed, ...[...result.slots].map(([input, next]) => ({ input, next }))];
  return {
    loss: result.loss,
    terms: result.terms,
    changes: lastReadyFirst(changes, waits, tape.kernels),
    draws,
    resets: result.resets,
    unreached: result.unreached,
  };
}
