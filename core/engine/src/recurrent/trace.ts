// Records a cell once, with its gradient.
import * as tf from '@tensorflow/tfjs-core';
import type { KernelTable, Shaped } from '../kernels/rule.js';
import { type NestedRecorder, recordNested } from '../record/nested.js';
import type { Recorded, TapedKernel } from '../record/tape.js';
import type { NamedTensors } from '../types.js';
import { callCell, type Cell, type CellResults, renamed } from './cell.js';

/** Operands of a scan as lists, with their names. */
export interface OperandList<T> {
  readonly carry: readonly T[];
  readonly sequences: readonly T[];
  readonly constants: readonly T[];
}

export interface TracedCell {
  /** Placeholders of the operands: the state, parts of sequences, constants. */
  readonly inputs: readonly Recorded[];
  readonly states: number;
  readonly sequences: number;
  /** The next state, then what each step gives. */
  readonly outputs: readonly Recorded[];
  /** Names of what each step gives. */
  readonly names: readonly string[];
  /** What the cell ran, without its gradient. */
  readonly forward: ReadonlySet<TapedKernel>;
  /** Placeholders of the loss's gradient by each output; undefined where there is none, as for integers. */
  readonly cotangents: readonly (Recorded | undefined)[];
  /** The loss's gradient by each input, computed from placeholders; undefined where the outputs do not depend on it. */
  readonly gradients: readonly (Recorded | undefined)[];
  /** Why there are no gradients. */
  readonly gradientError: Error | undefined;
}

/** Records `cell` for operands of these shapes (sequences without their first axis). */
export function traceCell(
  table: KernelTable,
  cell: Cell,
  names: OperandList<string>,
  shapes: OperandList<Shaped>,
): TracedCell {
  let called = false;
  const record = (differentiate: boolean): Omit<TracedCell, 'gradientError'> => {
    let traced: Omit<TracedCell, 'gradientError'> | undefined;
    recordNested(table, (recorder) => {
      traced = traceWithin(recorder, cell, names, shapes, differentiate, () => (called = true));
      return traced.outputs;
    });
    return traced as Omit<TracedCell, 'gradientError'>;
  };
  try {
    return { ...record(true), gradientError: undefined };
  } catch (error) {
    // A cell without a gradient may still serve where none is asked for.
    if (!called || !(error instanceof Error)) throw error;
    return { ...record(false), gradientError: error };
  }
}

function traceWithin(
  { kernels, input, recorded }: NestedRecorder,
  cell: Cell,
  names: OperandList<string>,
  shapes: OperandList<Shaped>,
  differentiate: boolean,
  onCalled: () => void,
): Omit<TracedCell, 'gradientError'> {
  const placeholders = (kind: keyof OperandList<string>): tf.Tensor[] =>
    shapes[kind].map((shape, i) => input(`${kind}:${i}`, shape));
  const carry = placeholders('carry');
  const sequences = placeholders('sequences');
  const constants = placeholders('constants');
  const inputs = [...carry, ...sequences, ...constants];
  const named = (kind: keyof OperandList<string>, tensors: readonly tf.Tensor[]): NamedTensors =>
    renamed(names[kind], tensors);
  let results: CellResults | undefined;
  let forward: TapedKernel[] = [];
  const run = (): tf.Tensor[] => {
    results = callCell(
      cell,
      named('carry', carry),
      named('sequences', sequences),
      named('constants', constants),
    );
    forward = [...kernels];
    return [...results.carry, ...results.given];
  };
  let outputs: Recorded[] = [];
  const cotangents: (Recorded | undefined)[] = [];
  let gradients: (Recorded | undefined)[] = inputs.map(() => undefined);
  // Of what is not float TF.js has no gradients.
  const differentiable = inputs.filter(({ dtype }) => dtype === 'float32');
  if (differentiate && differentiable.length > 0) {
    // <outputs, cotangents>: its gradient is the cell's, applied to the cotangents.
    const product = (): tf.Scalar => {
      const made = run();
      outputs = made.map(recorded);
      onCalled();
      const terms = made.map((output, i) => {
        if (output.dtype !== 'float32') {
          cotangents.push(undefined);
          return tf.scalar(0);
        }
        const cotangent = input(`cotangent:${i}`, { shape: output.shape, dtype: 'float32' });
        cotangents.push(recorded(cotangent));
        return tf.sum(tf.mul(output, cotangent));
      });
      return tf.reshape(tf.addN([tf.scalar(0), ...terms]), []);
    };
    const { grads } = tf.engine().gradients<tf.Tensor>(product, differentiable, undefined, true);
    // The declared type leaves out that unreached inputs have none.
    const found = new Map(
      (grads as (tf.Tensor | null | undefined)[]).map((gradient, i) => [differentiable[i], gradient]),
    );
    gradients = inputs.map((tensor) => {
      const gradient = found.get(tensor);
      return gradient ? recorded(gradient) : undefined;
    });
  } else {
    outputs = run().map(recorded);
    cotangents.push(...outputs.map(() => undefined));
  }
  return {
    inputs: inputs.map(recorded),
    states: carry.length,
    sequences: sequences.length,
    outputs,
    names: (results as unknown as CellResults).names,
    forward: new Set(forward),
    cotangents,
    gradients,
  };
}
