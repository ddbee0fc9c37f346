// Reductions over axes.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import type { DType } from '../host-tensor.js';
import { filled } from './emit.js';
import { axesOf, axisOf, flagOf, numberOf, operand, opName, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

interface Reduction {
  readonly op: string;
  /** dtype of the result for a dtype of the operand. */
  readonly gives: (dtype: DType) => DType;
  /** What ONNX Runtime computes in. */
  readonly within: (dtype: DType) => DType;
  /** The value over no elements, as TF.js gives it. */
  readonly empty: number;
  /** Name of the attribute that holds the axes. */
  readonly axes?: string;
}

const same = (dtype: DType): DType => dtype;
const summed = (dtype: DType): DType => (dtype === 'bool' ? 'int32' : dtype);
const always = (dtype: DType) => (): DType => dtype;

const reductions: Readonly<Record<string, Reduction>> = {
  Sum: { op: 'ReduceSum', gives: summed, within: summed, empty: 0 },
  Mean: { op: 'ReduceMean', gives: always('float32'), within: always('float32'), empty: 0 },
  Prod: { op: 'ReduceProd', gives: summed, within: summed, empty: 1 },
  Max: { op: 'ReduceMax', gives: same, within: summed, empty: NaN, axes: 'reductionIndices' },
  Min: { op: 'ReduceMin', gives: same, within: summed, empty: NaN },
  All: { op: 'ReduceMin', gives: same, within: always('int32'), empty: 1 },
  Any: { op: 'ReduceMax', gives: same, within: always('int32'), empty: 0 },
};

function reduction(
  kernel: string,
  { op, gives, within, empty, axes: attribute = 'axis' }: Reduction,
): KernelRule {
  return {
    shapes(inputs, attributes) {
      const x = operand(inputs, 'x');
      const axes = axesOf(attributes[attribute], x.shape.length, opName(kernel));
      const keep = flagOf(attributes, 'keepDims');
      const shape = x.shape.flatMap((length, i) => (axes.includes(i) ? (keep ? [1] : []) : [length]));
      return [shaped(shape, gives(x.dtype))];
    },
    lower({ graph, inputs, attributes, outputs }) {
      const x = operand(inputs, 'x');
      const output = outputs[0] ?? shaped([], 'float32');
      if (sizeOf(x.shape) === 0) return [filled(graph, output.shape, empty, output.dtype)];
      const axes = axesOf(attributes[attribute], x.shape.length, opName(kernel));
      const y = graph.reduce(
        op,
        graph.cast(x, within(x.type as DType)),
        axes,
        flagOf(attributes, 'keepDims'),
      );
      return [graph.cast(y, output.dtype)];
    },
  };
}

/** ArgMax and ArgMin: the first of equals wins; the axis goes away. */
function argument(op: 'ArgMax' | 'ArgMin'): KernelRule {
  return {
    shapes(inputs, attributes) {
      const x = operand(inputs, 'x');
      const axes = axesOf(attributes.axis, x.shape.length, opName(op));
      return [
        shaped(
          x.shape.filter((_, i) => i !== axes[0]),
          'int32',
        ),
      ];
    },
    lower({ graph, inputs, attributes, outputs }) {
      const x = operand(inputs, 'x');
      const shape = outputs[0]?.shape ?? [];
      if (x.shape.length === 0 || sizeOf(x.shape) === 0) return [filled(graph, shape, 0, 'int32')];
      const axis = axesOf(attributes.axis, x.shape.length, opName(op))[0] ?? 0;
      const values = x.type === 'bool' ? graph.cast(x, 'int32') : x;
      const index = graph.op(op, [values], shape, 'int64', { axis, keepdims: 0, select_last_index: 0 });
      return [graph.cast(index, 'int32')];
    },
  };
}

function scanning(
  kernel: string,
  emit: (graph: GraphBuilder, x: Value, axis: number, exclusive: boolean, reverse: boolean) => Value,
): KernelRule {
  return {
    shapes(inputs, attributes) {
      const x = operand(inputs, 'x');
      axisOf(numberOf(attributes, 'axis', 0), x.shape.length, opName(kernel));
      return [shaped(x.shape, summed(x.dtype))];
    },
    lower({ graph, inputs, attributes }) {
      const x = operand(inputs, 'x');
      const axis = axisOf(numberOf(attributes, 'axis', 0), x.shape.length, opName(kernel));
      const numbers = x.type === 'bool' ? graph.cast(x, 'int32') : x;
      return [emit(graph, numbers, axis, flagOf(attributes, 'exclusive'), flagOf(attributes, 'reverse'))];
    },
  };
}

const cumsum = scanning('Cumsum', (graph, x, axis, exclusive, reverse) =>
  graph.op('CumSum', [x, graph.constant(BigInt64Array.of(BigInt(axis)), [], 'int64')], x.shape, x.type, {
    exclusive: exclusive ? 1 : 0,
    reverse: reverse ? 1 : 0,
  }),
);

/** Products over windows that double in width (Hillis and Steele): log2(n) products, exact for zeros and negative factors. */
const cumprod = scanning('Cumprod', (graph, x, axis, exclusive, reverse) => {
  const length = x.shape[axis] ?? 1;
  const shift = (value: Value, by: number): Value => {
    const kept = graph.slice(
      value,
      value.shape.map((_, i) => (i === axis && reverse ? by : 0)),
      value.shape.map((n, i) => (i === axis ? n - by : n)),
    );
    const padding = value.shape.map((_, i): readonly [number, number] =>
      i !== axis ? [0, 0] : reverse ? [0, by] : [by, 0],
    );
    return graph.pad(kept, padding, 1);
  };
  let product = exclusive ? shift(x, Math.min(1, length)) : x;
  for (let width = 1; width < length; width *= 2)
    product = graph.binary('Mul', product, shift(product, width));
  return product;
});

export const reduceKernels: KernelTable = {
  ...Object.fromEntries(Object.entries(reductions).map(([name, spec]) => [name, reduction(name, spec)])),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Cumsum: cumsum,
  Cumprod: cumprod,
};
