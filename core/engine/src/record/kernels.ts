// One kernel call while recording: operands found, shapes inferred, the tape written.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import type { KernelRule, KernelTable, Shaped } from '../kernels/rule.js';
import type { DType } from '../host-tensor.js';
import { lineOf } from './location.js';
import {
  compact,
  largestConstant,
  Recorded,
  refuseLarge,
  show,
  type Tape,
  type TapedKernel,
} from './tape.js';

/** How many kernels a refusal shows before the one refused. */
const shownKernels = 5;

/** Writes one kernel to the tape and gives its outputs. */
export function runRecorded(
  tape: Tape,
  table: KernelTable,
  kernel: string,
  tensors: Readonly<Record<string, tf.TensorInfo | undefined>>,
  attributes: Readonly<Record<string, unknown>>,
): readonly Recorded[] {
  const stack = tape.lines ? new Error() : undefined;
  const { differentiated, part } = tape;
  const inputs = Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      tensor ? [[name, recordedOf(tape, tensor)] as const] : [],
    ),
  );
  const rule = Object.hasOwn(table, kernel) ? table[kernel] : undefined;
  if (!rule) return refuseKernel(tape, kernel, inputs);
  const taped: TapedKernel & { outputs: readonly Recorded[] } = {
    kernel,
    inputs,
    attributes: { ...attributes },
    outputs: [],
    line: () => (stack && lineOf(stack, differentiated)) ?? part,
  };
  taped.outputs = shapesOf(tape, rule, inputs, attributes).map(
    ({ shape, dtype }, index) => new Recorded([...shape], dtype, { kind: 'kernel', kernel: taped, index }),
  );
  tape.kernels.push(taped);
  return taped.outputs;
}

function shapesOf(
  tape: Tape,
  rule: KernelRule,
  inputs: TapedKernel['inputs'],
  attributes: TapedKernel['attributes'],
): readonly Shaped[] {
  try {
    return rule.shapes(inputs, attributes);
  } catch (cause) {
    if (cause instanceof EngineError) {
      tape.failure ??= cause;
      throw cause;
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    if (message.startsWith('internal:')) throw cause;
    return tape.refuse('ENGINE_SHAPE', message, 'Check the shapes of the operands.');
  }
}

/** The recorded tensor behind a TF.js tensor; tensors from outside are read and become constants. */
export function recordedOf(tape: Tape, tensor: tf.TensorInfo): Recorded {
  const { dataId } = tensor;
  if (dataId instanceof Recorded) {
    tape.checkKnown(dataId);
    return dataId;
  }
  const known = tape.captured.get(dataId);
  // Backends share data between reshaped tensors, so the shape counts too.
  if (known && String(known.shape) === String(tensor.shape)) return known;
  const dtype = dtypeOf(tape, tensor);
  const data = compact(tf.engine().readSync(dataId) as ArrayLike<number>, dtype);
  if ('values' in data && data.values.length > largestConstant) refuseLarge(tape, tensor.shape, dtype);
  const captured = new Recorded([...tensor.shape], dtype, { kind: 'constant', data });
  tape.captured.set(dataId, captured);
  return captured;
}

function dtypeOf(tape: Tape, tensor: tf.TensorInfo): DType {
  const { dtype } = tensor;
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  return tape.refuse(
    'ENGINE_SHAPE',
    `a ${dtype} tensor cannot be part of a step`,
    'Use float32, int32 or bool tensors.',
  );
}

function refuseKernel(tape: Tape, kernel: string, inputs: TapedKernel['inputs']): never {
  if (kernel === 'Multinomial')
    return tape.refuse(
      'ENGINE_BAKED_RANDOM',
      'tf.multinomial draws its numbers on the host; every step would see the same ones',
      'Use `random` of the step context.',
    );
  const call = (name: string, operands: TapedKernel['inputs']) =>
    `${name}(${Object.entries(operands)
      .flatMap(([key, operand]) => (operand ? [`${key}: ${show(operand)}`] : []))
      .join(', ')})`;
  const before = tape.kernels
    .slice(-shownKernels)
    .map((taped) => `    ${call(taped.kernel, taped.inputs)} -> ${taped.outputs.map(show).join(', ')}`);
  return tape.refuse(
    'ENGINE_NO_LOWERING',
    [`the TF.js kernel ${kernel} has no ONNX lowering`, ...before, `  > ${call(kernel, inputs)}`].join('\n'),
    'Write the step with another operation, or use the `cpu` or `tensorflow` backend.',
  );
}
