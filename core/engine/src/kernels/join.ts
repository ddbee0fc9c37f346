// Kernels that join tensors and take them apart.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { filled } from './emit.js';
import { axisOf, misfit, numberOf, numbersOf, operand, operandList, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';

/** A slice that may be empty. */
function piece(graph: GraphBuilder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  return sizeOf(size) === 0 ? filled(graph, size, 0, x.type) : graph.slice(x, begin, size);
}

const concat: KernelRule = {
  shapes(inputs, attributes) {
    const list = operandList(inputs);
    const first = list[0];
    if (!first) throw misfit('concat: there is nothing to join');
    const axis = axisOf(numberOf(attributes, 'axis'), first.shape.length, 'concat');
    for (const { shape } of list) {
      if (shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i])) {
        throw misfit(
          `concat: shapes [${first.shape.join(',')}] and [${shape.join(',')}] differ beside axis ${axis}`,
        );
      }
    }
    const total = list.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    return [
      shaped(
        first.shape.map((n, i) => (i === axis ? total : n)),
        first.dtype,
      ),
    ];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const type = outputs[0]?.dtype ?? 'float32';
    const list = operandList(inputs);
    const axis = axisOf(numberOf(attributes, 'axis'), list[0]?.shape.length ?? 0, 'concat');
    const full = list.filter((value) => sizeOf(value.shape) > 0).map((value) => graph.cast(value, type));
    return [graph.concat(full, axis)];
  },
};

const pack: KernelRule = {
  shapes(inputs, attributes) {
    const list = operandList(inputs);
    const first = list[0];
    if (!first) throw misfit('stack: there is nothing to stack');
    for (const { shape } of list) {
      if (shape.join() !== first.shape.join()) {
        throw misfit(`stack: shapes [${first.shape.join(',')}] and [${shape.join(',')}] differ`);
      }
    }
    const shape = [...first.shape];
    shape.splice(axisOf(numberOf(attributes, 'axis', 0), shape.length + 1, 'stack'), 0, list.length);
    return [shaped(shape, first.dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const list = operandList(inputs);
    const rank = (list[0]?.shape.length ?? 0) + 1;
    const axis = axisOf(numberOf(attributes, 'axis', 0), rank, 'stack');
    const expanded = list.map((value) => {
      const shape = [...value.shape];
      shape.splice(axis, 0, 1);
      return graph.reshape(value, shape);
    });
    return [graph.concat(expanded, axis)];
  },
};

const unpack: KernelRule = {
  shapes(inputs, attributes) {
    const { shape, dtype } = operand(inputs, 'value');
    const axis = axisOf(numberOf(attributes, 'axis', 0), shape.length, 'unstack');
    const rest = shape.filter((_, i) => i !== axis);
    return Array.from({ length: shape[axis] ?? 0 }, () => shaped(rest, dtype));
  },
  lower({ graph, inputs, attributes, outputs }) {
    const value = operand(inputs, 'value');
    const axis = axisOf(numberOf(attributes, 'axis', 0), value.shape.length, 'unstack');
    const size = value.shape.map((n, i) => (i === axis ? 1 : n));
    return outputs.map(({ shape }, at) => {
      const begin = value.shape.map((_, i) => (i === axis ? at : 0));
      return graph.reshape(graph.slice(value, begin, size), shape);
    });
  },
};

function splits(x: Shaped, attributes: KernelAttributes): readonly [number, number[]] {
  const axis = axisOf(numberOf(attributes, 'axis', 0), x.shape.length, 'split');
  const length = x.shape[axis] ?? 0;
  const given = attributes.numOrSizeSplits;
  if (typeof given === 'number') {
    if (length % given !== 0) throw misfit(`split: ${length} elements do not divide into ${given} parts`);
    return [axis, new Array<number>(given).fill(length / given)];
  }
  const sizes = numbersOf(attributes, 'numOrSizeSplits');
  const rest = length - sizes.reduce((sum, n) => (n === -1 ? sum : sum + n), 0);
  const whole = sizes.map((n) => (n === -1 ? rest : n));
  if (whole.reduce((sum, n) => sum + n, 0) !== length || whole.some((n) => n < 0)) {
    throw misfit(`split: parts of [${sizes.join(',')}] do not make up ${length} elements`);
  }
  return [axis, whole];
}

const splitV: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const [axis, sizes] = splits(x, attributes);
    return sizes.map((part) =>
      shaped(
        x.shape.map((n, i) => (i === axis ? part : n)),
        x.dtype,
      ),
    );
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const [axis] = splits({ shape: x.shape, dtype: 'float32' }, attributes);
    let start = 0;
    return outputs.map(({ shape }) => {
      const begin = x.shape.map((_, i) => (i === axis ? start : 0));
      start += shape[axis] ?? 0;
      return piece(graph, x, begin, shape);
    });
  },
};

export const joinKernels = {
  Concat: concat,
  Pack: pack,
  SplitV: splitV,
  Unpack: unpack,
} satisfies KernelTable;
