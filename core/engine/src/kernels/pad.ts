// Kernels that pad, move blocks between axes, and spread a diagonal.
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/builder.js';
import { filled, gather, int32s, scalar, where } from './emit.js';
import { misfit, numberOf, numbersOf, operand, pairsOf, shaped, textOf, unsupported } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';

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
    const apart = graph.reshape(
      whole,
      tf.backend_util.getReshaped([...whole.shape], block, sizeOf(block), false),
    );
    const turned = graph.transpose(
      apart,
      tf.backend_util.getPermuted(apart.shape.length, block.length, false),
    );
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
    const apart = graph.reshape(x, tf.backend_util.getReshaped([...x.shape], block, product));
    const turned = graph.transpose(apart, tf.backend_util.getPermuted(apart.shape.length, block.length));
    const whole = graph.reshape(turned, tf.backend_util.getReshapedPermuted([...x.shape], block, product));
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

export const padKernels = {
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  Diag: diag,
  MirrorPad: mirrorPad,
  PadV2: padV2,
  SpaceToBatchND: spaceToBatch,
} satisfies KernelTable;
