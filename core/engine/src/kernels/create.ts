// Kernels that make tensors: constants, ranges, one-hot rows, and casts.
import { EngineError } from '../errors.js';
import type { ElementType } from '../graph/graph.js';
import { filled, filledArray, int32s, scalar, where } from './emit.js';
import { dtypeOf, misfit, numberOf, numbersOf, operand, shaped, unsupported } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable } from './rule.js';

const identity: KernelRule = {
  shapes(inputs) {
    // Before it differentiates, TF.js copies the operands that the gradient needs, and that of tf.batchNorm needs a scale.
    if (inputs.x === undefined || inputs.x === null)
      throw new EngineError('ENGINE_NO_GRADIENT', 'TF.js cannot differentiate tf.batchNorm without a scale', {
        hint: 'Give it an offset and a scale: tf.zeros and tf.ones of the shape of the mean.',
      });
    return [shaped(inputs.x.shape, inputs.x.dtype)];
  },
  lower: ({ inputs }) => [operand(inputs, 'x')],
};

const cast: KernelRule = {
  shapes: (inputs, attributes) => [
    shaped(operand(inputs, 'x').shape, dtypeOf(attributes, 'cast', 'float32')),
  ],
  lower: ({ graph, inputs, attributes }) => [
    graph.cast(operand(inputs, 'x'), dtypeOf(attributes, 'cast', 'float32')),
  ],
};

function like(value: number): KernelRule {
  return {
    shapes: (inputs) => [shaped(operand(inputs, 'x').shape, operand(inputs, 'x').dtype)],
    lower: ({ graph, outputs }) => [
      filled(graph, outputs[0]?.shape ?? [], value, outputs[0]?.dtype ?? 'float32'),
    ],
  };
}

function fillValue(attributes: KernelAttributes): number {
  const value = attributes.value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  throw unsupported('fill: only numbers can fill a tensor', 'strings stay outside of the step');
}

const fill: KernelRule = {
  shapes(inputs, attributes) {
    fillValue(attributes);
    return [shaped(numbersOf(attributes, 'shape'), dtypeOf(attributes, 'fill', 'float32'))];
  },
  lower: ({ graph, attributes, outputs }) => [
    filled(graph, outputs[0]?.shape ?? [], fillValue(attributes), outputs[0]?.dtype ?? 'float32'),
  ],
};

/** TF.js turns a step of 1 round when stop lies before start, and gives nothing when another step leads away. */
function rangeOf(attributes: KernelAttributes): { start: number; step: number; length: number } {
  const [start, stop] = [numberOf(attributes, 'start'), numberOf(attributes, 'stop')];
  const step = numberOf(attributes, 'step', 1);
  if (step === 0) throw misfit('range: the step is 0');
  if (start === stop || (start < stop && step < 0) || (stop < start && step > 1)) {
    return { start, step, length: 0 };
  }
  const length = Math.abs(Math.ceil((stop - start) / step));
  return { start, step: stop < start && step === 1 ? -1 : step, length };
}

const range: KernelRule = {
  shapes: (_, attributes) => [shaped([rangeOf(attributes).length], dtypeOf(attributes, 'range', 'float32'))],
  lower({ graph, attributes, outputs }) {
    const { start, step, length } = rangeOf(attributes);
    const type = outputs[0]?.dtype === 'int32' ? 'int32' : 'float32';
    return [graph.constant(counted(filledArray(type, length, start), step), [length], type)];
  },
};

/** Each element one step on from the one before, rounded as it is stored. */
function counted<T extends { [index: number]: number | bigint; readonly length: number }>(
  values: T,
  step: number,
): T {
  for (let i = 1; i < values.length; i++) values[i] = Number(values[i - 1]) + step;
  return values;
}

/** TF.js counts on from the element before, in float32. */
const linSpace: KernelRule = {
  shapes: (_, attributes) => [shaped([numberOf(attributes, 'num')], 'float32')],
  lower({ graph, attributes }) {
    const [start, num] = [numberOf(attributes, 'start'), numberOf(attributes, 'num')];
    const step = (numberOf(attributes, 'stop') - start) / (num - 1);
    return [graph.constant(counted(new Float32Array(num).fill(start), step), [num], 'float32')];
  },
};

/** Compared with the numbers below depth: ONNX's own OneHot would count negative indices from the end. */
const oneHot: KernelRule = {
  shapes: (inputs, attributes) => [
    shaped(
      [...operand(inputs, 'indices').shape, numberOf(attributes, 'depth')],
      dtypeOf(attributes, 'oneHot', 'float32'),
    ),
  ],
  lower({ graph, inputs, attributes, outputs }) {
    const indices = graph.cast(operand(inputs, 'indices'), 'int32');
    const depth = numberOf(attributes, 'depth');
    const type: ElementType = outputs[0]?.dtype ?? 'float32';
    const numbers = int32s(
      graph,
      Array.from({ length: depth }, (_, i) => i),
    );
    const hits = graph.binary('Equal', graph.reshape(indices, [...indices.shape, 1]), numbers, 'bool');
    const [on, off] = [numberOf(attributes, 'onValue', 1), numberOf(attributes, 'offValue', 0)];
    if (on === 1 && off === 0) return [graph.cast(hits, type)];
    const within = type === 'bool' ? 'int32' : type;
    return [graph.cast(where(graph, hits, scalar(graph, on, within), scalar(graph, off, within)), type)];
  },
};

export const createKernels = {
  Cast: cast,
  Fill: fill,
  Identity: identity,
  LinSpace: linSpace,
  OneHot: oneHot,
  OnesLike: like(1),
  Range: range,
  ZerosLike: like(0),
} satisfies KernelTable;
