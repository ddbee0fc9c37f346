// What a scan repeats, and the checks of what it gives.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { show } from '../record/tape.js';
import type { NamedTensors } from '../types.js';

/** The same names, tensors of any rank. */
export type Named<T extends NamedTensors> = { readonly [N in keyof T]: tf.Tensor };

interface Stepping<
  C extends NamedTensors,
  X extends NamedTensors,
  K extends NamedTensors,
  Y extends NamedTensors,
> {
  step(carry: C, x: X, constants: K): { readonly carry: Named<C>; readonly y: Y };
}

/**
 * One step in plain TF.js: from the state and one part of each sequence to the next state and to what this step gives.
 * `constants` are the same at every step. A cell is closed: it uses its arguments and nothing else of the step.
 */
// The type of a method: its parameters may be declared as closer ones, Tensor2D for Tensor.
export type Cell<
  C extends NamedTensors = NamedTensors,
  X extends NamedTensors = NamedTensors,
  K extends NamedTensors = NamedTensors,
  Y extends NamedTensors = NamedTensors,
> = Stepping<C, X, K, Y>['step'];

/** A cell's results as lists: the next state in the order of the state, then what it gives. */
export interface CellResults {
  readonly carry: readonly tf.Tensor[];
  readonly given: readonly tf.Tensor[];
  readonly names: readonly string[];
}

/** Calls a cell; throws ENGINE_SHAPE for a next state that does not fit. */
export function callCell(
  cell: Cell,
  carry: NamedTensors,
  x: NamedTensors,
  constants: NamedTensors,
): CellResults {
  // Plain JavaScript may give anything, so types prove nothing here.
  const results = cell(carry, x, constants) as Partial<ReturnType<Cell>> | undefined;
  const next = results?.carry ?? {};
  const y = results?.y ?? {};
  const unknown = Object.keys(next).find((name) => !Object.hasOwn(carry, name));
  if (unknown !== undefined)
    throw new EngineError(
      'ENGINE_SHAPE',
      `scan: the cell returns carry \`${unknown}\`, which it does not receive`,
      {
        hint: 'Return the results of each step in `y`.',
      },
    );
  return {
    carry: Object.entries(carry).map(([name, before]) => {
      const after: unknown = next[name];
      if (after instanceof tf.Tensor && show(after) === show(before)) return after as tf.Tensor;
      throw new EngineError(
        'ENGINE_SHAPE',
        `scan: the cell takes carry \`${name}\` as ${show(before)} and gives ${after instanceof tf.Tensor ? show(after) : 'no tensor'}`,
        { hint: 'The state must keep its shape and dtype from step to step.' },
      );
    }),
    given: Object.entries(y).map(([name, value]: [string, unknown]) => {
      if (value instanceof tf.Tensor) return value as tf.Tensor;
      throw new EngineError('ENGINE_SHAPE', `scan: the cell's y \`${name}\` is not a tensor`);
    }),
    names: Object.keys(y),
  };
}

/** The same names with other tensors, taken from a list in order. */
export function renamed(names: readonly string[], tensors: readonly tf.Tensor[]): NamedTensors {
  return Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
}
