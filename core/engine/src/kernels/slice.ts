// Kernels that cut pieces out and turn axes round.
import * as tf from '@tensorflow/tfjs-core';
import { stepSlice } from './emit.js';
import { reverse } from './layout.js';
import { axesOf, misfit, numberOf, numbersOf, operand, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable } from './rule.js';

/** Begin and size with -1 (to the end) filled in. */
function bounds(
  x: { readonly shape: readonly number[] },
  attributes: KernelAttributes,
): readonly [number[], number[]] {
  const given = numbersOf(attributes, 'begin');
  const begin = x.shape.map((_, i) => given[i] ?? 0);
  const sizes = numbersOf(attributes, 'size');
  const size = x.shape.map((n, i) => {
    const wanted = sizes[i] ?? -1;
    return wanted === -1 ? n - (begin[i] ?? 0) : wanted;
  });
  for (const [i, length] of x.shape.entries()) {
    const [start, count] = [begin[i] ?? 0, size[i] ?? 0];
    if (start < 0 || count < 0 || start + count > length) {
      throw misfit(`slice: elements ${start} to ${start + count} of axis ${i}, which has ${length}`);
    }
  }
  return [begin, size];
}

const slice: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    return [shaped(bounds(x, attributes)[1], x.dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const x = operand(inputs, 'x');
    return [graph.slice(x, ...bounds(x, attributes))];
  },
};

const slicing = (x: { readonly shape: readonly number[] }, attributes: KernelAttributes) =>
  tf.slice_util.sliceInfo(
    [...x.shape],
    numbersOf(attributes, 'begin'),
    numbersOf(attributes, 'end'),
    numbersOf(attributes, 'strides'),
    numberOf(attributes, 'beginMask', 0),
    numberOf(attributes, 'endMask', 0),
    numberOf(attributes, 'ellipsisMask', 0),
    numberOf(attributes, 'newAxisMask', 0),
    numberOf(attributes, 'shrinkAxisMask', 0),
  );

const stridedSlice: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    return [shaped(slicing(x, attributes).finalShape, x.dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const info = slicing(x, attributes);
    // Axes that are shrunk away are there until the reshape.
    const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
    const taken = info.isIdentity ? x : stepSlice(graph, x, info.begin, info.strides, size);
    return [graph.reshape(taken, outputs[0]?.shape ?? [])];
  },
};

const sameShape = (name: string): KernelRule['shapes'] =>
  function shapes(inputs) {
    const x = operand(inputs, name);
    return [shaped(x.shape, x.dtype)];
  };

const reverseRule: KernelRule = {
  shapes: sameShape('x'),
  lower({ graph, inputs, attributes }) {
    const x = operand(inputs, 'x');
    return [reverse(graph, x, axesOf(attributes.dims, x.shape.length, 'reverse'))];
  },
};

const flipLeftRight: KernelRule = {
  shapes: sameShape('image'),
  lower: ({ graph, inputs }) => [reverse(graph, operand(inputs, 'image'), [2])],
};

export const sliceKernels = {
  FlipLeftRight: flipLeftRight,
  Reverse: reverseRule,
  Slice: slice,
  StridedSlice: stridedSlice,
} satisfies KernelTable;
