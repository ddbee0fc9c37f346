// Kernels that join, cut, pad and rearrange tensors.
import * as tf from '@tensorflow/tfjs';
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { filled, gather, int32s, scalar, stepSlice, where } from './emit.js';
import { reverse } from './layout.js';
import {
  axesOf,
  axisOf,
  misfit,
  numberOf,
  numbersOf,
  operand,
  operandList,
  pairsOf,
  shaped,
  textOf,
  unsupported,
} from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';

const { backend_util: util, slice_util: sliceUtil } = tf;

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
  const given = attributes['numOrSizeSplits'];
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
  sliceUtil.sliceInfo(
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
    const size = sliceUtil.computeOutShape(info.begin, info.end, info.strides);
    const taken = info.isIdentity ? x : stepSlice(graph, x, info.begin, info.strides, size);
    return [graph.reshape(taken, outputs[0]?.shape ?? [])];
  },
};

function paddedShape(x: Shaped, attributes: KernelAttributes): Shaped {
  const pairs = pairsOf(attributes, 'paddings');
  if (pairs.length !== x.shape.length) {
    throw misfit(`pad: ${pairs.length} pairs of paddings for a tensor of rank ${x.shape.length}`);
  }
  return shaped(
    x.shape.map((n, i) => n + (pairs[i]?.[0] ?? 0) + (pairs[i]?.[1] ?? 0)),
    x.dtype,
  );
}

const padV2: KernelRule = {
  shapes: (inputs, attributes) => [paddedShape(operand(inputs, 'x'), attributes)],
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const value = numberOf(attributes, 'constantValue', 0);
    if (sizeOf(x.shape) === 0) return [filled(graph, outputs[0]?.shape ?? [], value, x.type)];
    return [graph.pad(x, pairsOf(attributes, 'paddings'), value)];
  },
};

/** Each padded axis takes the elements whose numbers a mirror gives; ONNX Pad has no `symmetric`. */
const mirrorPad: KernelRule = {
  shapes: (inputs, attributes) => [paddedShape(operand(inputs, 'x'), attributes)],
  lower({ graph, inputs, attributes }) {
    const offset = textOf(attributes, 'mode') === 'reflect' ? 0 : 1;
    return [
      pairsOf(attributes, 'paddings').reduce(
        (x, [before, after], axis) => {
          if (before === 0 && after === 0) return x;
          const length = x.shape[axis] ?? 0;
          const indices = Array.from({ length: before + length + after }, (_, i) => {
            const at = i - before;
            if (at < 0) return -at - offset;
            return at >= length ? (length - 1) * 2 - at + offset : at;
          });
          return gather(graph, x, int32s(graph, indices), axis);
        },
        operand(inputs, 'x'),
      ),
    ];
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
    return [reverse(graph, x, axesOf(attributes['dims'], x.shape.length, 'reverse'))];
  },
};

const flipLeftRight: KernelRule = {
  shapes: sameShape('image'),
  lower: ({ graph, inputs }) => [reverse(graph, operand(inputs, 'image'), [2])],
};

const spaceToBatch: KernelRule = {
  shapes(inputs, attributes) {
    const { shape, dtype } = operand(inputs, 'x');
    const block = numbersOf(attributes, 'blockShape');
    const pairs = pairsOf(attributes, 'paddings');
    const blown = block.map((n, i) => {
      const length = (shape[i + 1] ?? 0) + (pairs[i]?.[0] ?? 0) + (pairs[i]?.[1] ?? 0);
      if (length % n !== 0)
        throw misfit(`spaceToBatchND: ${length} elements do not divide into blocks of ${n}`);
      return length / n;
    });
    return [shaped([(shape[0] ?? 0) * sizeOf(block), ...blown, ...shape.slice(1 + block.length)], dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const block = numbersOf(attributes, 'blockShape');
    const rest = x.shape.slice(1 + block.length).map((): readonly [number, number] => [0, 0]);
    const whole = graph.pad(x, [[0, 0], ...pairsOf(attributes, 'paddings'), ...rest]);
    const apart = graph.reshape(whole, util.getReshaped([...whole.shape], block, sizeOf(block), false));
    const turned = graph.transpose(apart, util.getPermuted(apart.shape.length, block.length, false));
    return [graph.reshape(turned, outputs[0]?.shape ?? [])];
  },
};

const batchToSpace: KernelRule = {
  shapes(inputs, attributes) {
    const { shape, dtype } = operand(inputs, 'x');
    const block = numbersOf(attributes, 'blockShape');
    const crops = pairsOf(attributes, 'crops');
    if ((shape[0] ?? 0) % sizeOf(block) !== 0) {
      throw misfit(`batchToSpaceND: a batch of ${shape[0]} does not divide into blocks of ${sizeOf(block)}`);
    }
    const grown = block.map((n, i) => (shape[i + 1] ?? 0) * n - (crops[i]?.[0] ?? 0) - (crops[i]?.[1] ?? 0));
    return [shaped([(shape[0] ?? 0) / sizeOf(block), ...grown, ...shape.slice(1 + block.length)], dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const block = numbersOf(attributes, 'blockShape');
    const product = sizeOf(block);
    const apart = graph.reshape(x, util.getReshaped([...x.shape], block, product));
    const turned = graph.transpose(apart, util.getPermuted(apart.shape.length, block.length));
    const whole = graph.reshape(turned, util.getReshapedPermuted([...x.shape], block, product));
    const starts = pairsOf(attributes, 'crops').map(([before]) => before);
    const begin = whole.shape.map((_, i) => (i === 0 ? 0 : (starts[i - 1] ?? 0)));
    return [graph.slice(whole, begin, outputs[0]?.shape ?? [])];
  },
};

const depthToSpace: KernelRule = {
  shapes(inputs, attributes) {
    const { shape, dtype } = operand(inputs, 'x');
    const block = numberOf(attributes, 'blockSize');
    const [batch = 0, height = 0, width = 0, depth = 0] = shape;
    if ((textOf(attributes, 'dataFormat') ?? 'NHWC') !== 'NHWC') {
      throw unsupported('depthToSpace: data format NCHW cannot be lowered', 'use NHWC, the default of TF.js');
    }
    if (depth % (block * block) !== 0) {
      throw misfit(`depthToSpace: ${depth} channels do not divide into blocks of ${block * block}`);
    }
    return [shaped([batch, height * block, width * block, depth / (block * block)], dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const block = numberOf(attributes, 'blockSize');
    const [batch = 0, height = 0, width = 0, depth = 0] = x.shape;
    const apart = graph.reshape(x, [batch, height, width, block, block, depth / (block * block)]);
    return [graph.reshape(graph.transpose(apart, [0, 1, 3, 2, 4, 5]), outputs[0]?.shape ?? [])];
  },
};

/** The elements on the diagonal of a square, zeros elsewhere. */
const diag: KernelRule = {
  shapes(inputs) {
    const { shape, dtype } = operand(inputs, 'x');
    return [shaped([...shape, ...shape], dtype)];
  },
  lower({ graph, inputs, outputs }) {
    const x = operand(inputs, 'x');
    const size = sizeOf(x.shape);
    const within = x.type === 'bool' ? 'int32' : x.type;
    const numbers = Array.from({ length: size }, (_, i) => i);
    const rows = graph.reshape(int32s(graph, numbers), [size, 1]);
    const on = graph.binary('Equal', rows, int32s(graph, numbers), 'bool');
    const column = graph.reshape(graph.cast(x, within), [size, 1]);
    const square = where(graph, on, column, scalar(graph, 0, within));
    return [graph.reshape(graph.cast(square, x.type), outputs[0]?.shape ?? [])];
  },
};

export const arrangeKernels = {
  BatchToSpaceND: batchToSpace,
  Concat: concat,
  DepthToSpace: depthToSpace,
  Diag: diag,
  FlipLeftRight: flipLeftRight,
  MirrorPad: mirrorPad,
  Pack: pack,
  PadV2: padV2,
  Reverse: reverseRule,
  Slice: slice,
  SpaceToBatchND: spaceToBatch,
  SplitV: splitV,
  StridedSlice: stridedSlice,
  Unpack: unpack,
} satisfies KernelTable;
