// `scan`: one recorded step repeated along time, instead of a graph of a thousand steps.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { kernelTable } from '../kernels/index.js';
import { withGradients } from '../kernels/gradients/install.js';
import { failing, isRecording, recordedOfTensor } from '../record/nested.js';
import { type Recorded, show } from '../record/tape.js';
import { withGradient } from '../tfjs.js';
import type { DType } from '../host-tensor.js';
import type { NamedTensors } from '../types.js';
import { backward, runScan, type ScanCall } from './backward.js';
import { bodyGraph } from './body.js';
import { callCell, type Cell, type Named, renamed } from './cell.js';
import { planGradient } from './plan.js';
import { traceCell } from './trace.js';

export interface ScanOperands<
  C extends NamedTensors = NamedTensors,
  X extends NamedTensors = NamedTensors,
  K extends NamedTensors = NamedTensors,
> {
  /** The state before the first step. */
  readonly carry: C;
  /** Tensors of one length along their first axis, time; a step sees one part of each. At least one. */
  readonly sequences: X;
  /** What every step uses: weights. Default: none. */
  readonly constants?: K;
  /** Steps from the last part to the first; what a step gives stands where its parts stood. Default false. */
  readonly reverse?: boolean;
}

/** The state after the last step, and what the steps gave, stacked along a new first axis. */
export interface ScanResults<C extends NamedTensors = NamedTensors, Y extends NamedTensors = NamedTensors> {
  readonly carry: C;
  readonly y: Y;
}

/**
 * Repeats `cell` along the first axis of the sequences, as jax.lax.scan does. While a step is recorded (backend `onnx`),
 * the cell runs once, on shapes, and becomes the body of an ONNX Scan; its gradient becomes the body of another, so the
 * graph has the same size for any length. On other backends it is a loop. Differentiable in all float operands.
 *
 * Backward, each value of the cell that its gradient needs has been saved by the forward pass, and the gradients of
 * constants that are matrix products (weights) or sums (biases) are taken for all steps at once.
 *
 * Throws ENGINE_SHAPE when sequences differ in length or the next state does not have the state's shapes and dtypes, and
 * while recording ENGINE_OPEN_CELL when the cell uses tensors of the step that it was not given.
 */
export function scan<
  C extends NamedTensors,
  X extends NamedTensors,
  Y extends NamedTensors,
  K extends NamedTensors = Readonly<Record<string, never>>,
>(cell: Cell<C, Named<X>, K, Y>, operands: ScanOperands<C, X, K>): ScanResults<C, Y> {
  const { carry, sequences, constants = {}, reverse = false } = operands;
  const length = lengthOf(sequences);
  const plain = cell as unknown as Cell;
  const results = isRecording()
    ? failing(kernelTable, () => recordedScan(plain, { carry, sequences, constants, reverse }, length))
    : withGradients(() => eagerScan(plain, { carry, sequences, constants, reverse }, length));
  return results as unknown as ScanResults<C, Y>;
}

function lengthOf(sequences: NamedTensors): number {
  const [first, ...others] = Object.entries(sequences);
  if (!first) throw new EngineError('ENGINE_SHAPE', 'scan: there is no sequence to iterate over');
  const [name, { shape }] = first;
  const [length] = shape;
  if (length === undefined)
    throw new EngineError(
      'ENGINE_SHAPE',
      `scan: the sequence \`${name}\` is a scalar; its first axis must be time`,
    );
  for (const [other, tensor] of others)
    if (tensor.shape[0] !== length)
      throw new EngineError(
        'ENGINE_SHAPE',
        `scan: the sequence \`${other}\` is ${show(tensor)}, but \`${name}\` has ${length} steps`,
        { hint: 'The first axis of each sequence is time.' },
      );
  return length;
}

function eagerScan(
  cell: Cell,
  { carry, sequences, constants, reverse }: Required<ScanOperands>,
  length: number,
): ScanResults {
  const names = Object.keys(sequences);
  const parts = Object.values(sequences).map((sequence) => (length === 0 ? [] : tf.unstack(sequence)));
  const given: (readonly tf.Tensor[])[] = [];
  let state = carry;
  let yNames: readonly string[] = [];
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const x = renamed(
      names,
      parts.map((part) => part[t] as tf.Tensor),
    );
    const results = callCell(cell, state, x, constants);
    state = renamed(Object.keys(carry), results.carry);
    given[t] = results.given;
    yNames = results.names;
  }
  if (length > 0) {
    const stacks = yNames.map((_, i) => tf.stack(given.map((one) => one[i] as tf.Tensor)));
    return { carry: state, y: renamed(yNames, stacks) };
  }
  // A step on zeros tells the shapes of the results.
  const zeros = Object.values(sequences).map(({ shape, dtype }) => tf.zeros(shape.slice(1), dtype));
  const results = callCell(cell, state, renamed(names, zeros), constants);
  const empty = results.given.map(({ shape, dtype }) => tf.zeros([0, ...shape], dtype));
  return { carry, y: renamed(results.names, empty) };
}

function recordedScan(
  cell: Cell,
  { carry, sequences, constants, reverse }: Required<ScanOperands>,
  length: number,
): ScanResults {
  const like = ({ shape, dtype }: tf.Tensor) => ({ shape, dtype: dtype as DType });
  const traced = traceCell(
    kernelTable,
    cell,
    {
      carry: Object.keys(carry),
      sequences: Object.keys(sequences),
      constants: Object.keys(constants),
    },
    {
      carry: Object.values(carry).map(like),
      sequences: Object.values(sequences).map((x) => ({ ...like(x), shape: x.shape.slice(1) })),
      constants: Object.values(constants).map(like),
    },
  );
  const { states, outputs } = traced;
  const plan = planGradient(traced);
  const stacked = new Map<Recorded, number>();
  outputs.slice(states).forEach((value, i) => stacked.set(value, states + i));
  const all = [...outputs];
  for (const value of plan.saved) if (!stacked.has(value)) stacked.set(value, all.push(value) - 1);
  // What a step gives matters backward only where it was saved.
  const needed = new Map([...stacked].filter(([value]) => plan.saved.includes(value)));
  const operands = [...Object.values(carry), ...Object.values(sequences), ...Object.values(constants)];
  const attributes = {
    body: bodyGraph(kernelTable, traced.inputs, all),
    states,
    sequences: traced.sequences,
    length,
    reverse,
  };
  let call: ScanCall | undefined;
  const made = withGradient(
    Object.fromEntries(operands.map((operand, i) => [i, operand])),
    () => {
      const given = runScan(operands, attributes);
      const kept = (tensor: tf.Tensor): Recorded => recordedOfTensor(kernelTable, tensor);
      call = {
        table: kernelTable,
        traced,
        plan,
        attributes,
        inputs: operands.map(kept),
        outputs: given.map(kept),
        stacked: needed,
      };
      return given.slice(0, outputs.length);
    },
    (dys) => gradientOf(call as ScanCall, dys),
  );
  return {
    carry: renamed(Object.keys(carry), made),
    y: renamed(traced.names, made.slice(states)),
  };
}

function gradientOf(call: ScanCall, dys: readonly tf.Tensor[]): Record<string, () => tf.Tensor> {
  if (call.traced.gradientError) throw call.traced.gradientError;
  const gradients = backward(call, dys);
  return Object.fromEntries(
    call.inputs.map(({ shape }, i) => [i, () => gradients[i] ?? tf.zeros([...shape])]),
  );
}
