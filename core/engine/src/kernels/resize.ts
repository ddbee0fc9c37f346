// Resizing of images. Both axes are linear maps with constant matrices, so gradients are their transposes.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { gather, int32s } from './emit.js';
import { flagOf, misfit, numbersOf, operand, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable } from './rule.js';

export interface Mode {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

export const modeOf = (attributes: KernelAttributes): Mode => ({
  alignCorners: flagOf(attributes, 'alignCorners'),
  halfPixelCenters: flagOf(attributes, 'halfPixelCenters'),
});

/** Pixels of the source in a pixel of the result. */
function ratio(from: number, to: number, { alignCorners }: Mode): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** The source pixel of each result pixel. */
function nearestIndices(from: number, to: number, mode: Mode): number[] {
  const scale = ratio(from, to, mode);
  return Array.from({ length: to }, (_, i) => {
    const at = scale * (mode.halfPixelCenters ? i + 0.5 : i);
    return Math.max(0, Math.min(from - 1, mode.alignCorners ? Math.round(at) : Math.floor(at)));
  });
}

/** [to, from], row-major: rows of weights of the source pixels. */
export function nearestWeights(from: number, to: number, mode: Mode): Float32Array {
  const weights = new Float32Array(to * from);
  for (const [row, at] of nearestIndices(from, to, mode).entries()) weights[row * from + at] = 1;
  return weights;
}

/** [to, from], row-major. */
export function bilinearWeights(from: number, to: number, mode: Mode): Float32Array {
  const scale = ratio(from, to, mode);
  const weights = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const at = mode.halfPixelCenters ? scale * (row + 0.5) - 0.5 : scale * row;
    const low = Math.max(0, Math.floor(at));
    const high = Math.max(0, Math.min(from - 1, Math.ceil(at)));
    const fraction = at - low;
    weights[row * from + low] = (weights[row * from + low] ?? 0) + 1 - fraction;
    weights[row * from + high] = (weights[row * from + high] ?? 0) + fraction;
  }
  return weights;
}

export type Weights = (from: number, to: number, mode: Mode) => Float32Array;

/** Applies matrices [height, x's height] and [width, x's width] to the two axes of images. */
function map(graph: GraphBuilder, x: Value, rows: Value, columns: Value): Value {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const [tall = 0, wide = 0] = [rows.shape[0], columns.shape[0]];
  const flat = graph.reshape(x, [batch, height, width * channels]);
  const stretched = graph.op('MatMul', [rows, flat], [batch, tall, width * channels], 'float32');
  const lines = graph.reshape(stretched, [batch * tall, width, channels]);
  const whole = graph.op('MatMul', [columns, lines], [batch * tall, wide, channels], 'float32');
  return graph.reshape(whole, [batch, tall, wide, channels]);
}

function transposedWeights(weights: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(weights, (_, i) => weights[(i % rows) * columns + Math.floor(i / rows)] ?? 0);
}

function resizedShape(name: string, images: readonly number[], attributes: KernelAttributes): number[] {
  if (images.length !== 4) throw misfit(`${name}: images have rank ${images.length}, 4 is needed`);
  const [height = 0, width = 0] = numbersOf(attributes, 'size');
  return [images[0] ?? 0, height, width, images[3] ?? 0];
}

const bilinear: KernelRule = {
  shapes: (inputs, attributes) => [
    shaped(resizedShape('resizeBilinear', operand(inputs, 'images').shape, attributes), 'float32'),
  ],
  lower({ graph, inputs, attributes, outputs }) {
    const x = graph.cast(operand(inputs, 'images'), 'float32');
    const [, tall = 0, wide = 0] = outputs[0]?.shape ?? [];
    const [, height = 0, width = 0] = x.shape;
    const mode = modeOf(attributes);
    const rows = graph.constant(bilinearWeights(height, tall, mode), [tall, height], 'float32');
    const columns = graph.constant(bilinearWeights(width, wide, mode), [wide, width], 'float32');
    return [map(graph, x, rows, columns)];
  },
};

const nearest: KernelRule = {
  shapes(inputs, attributes) {
    const { shape, dtype } = operand(inputs, 'images');
    return [shaped(resizedShape('resizeNearestNeighbor', shape, attributes), dtype)];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'images');
    const mode = modeOf(attributes);
    const at = (axis: number): Value =>
      int32s(graph, nearestIndices(x.shape[axis] ?? 0, outputs[0]?.shape[axis] ?? 0, mode));
    return [gather(graph, gather(graph, x, at(1), 1), at(2), 2)];
  },
};

/** The true gradient: TF.js's cpu backend forgets half pixel centres, and errs for images that are not square. */
function gradient(weights: Weights): KernelRule {
  return {
    shapes: (inputs) => [shaped(operand(inputs, 'images').shape, 'float32')],
    lower({ graph, inputs, attributes }) {
      const dy = operand(inputs, 'dy');
      const mode = modeOf(attributes);
      const matrix = (axis: number): Value => {
        const [from, to] = [operand(inputs, 'images').shape[axis] ?? 0, dy.shape[axis] ?? 0];
        const back = transposedWeights(weights(from, to, mode), to, from);
        return graph.constant(back, [from, to], 'float32');
      };
      return [map(graph, dy, matrix(1), matrix(2))];
    },
  };
}

export const resizeKernels = {
  ResizeBilinear: bilinear,
  ResizeBilinearGrad: gradient(bilinearWeights),
  ResizeNearestNeighbor: nearest,
  ResizeNearestNeighborGrad: gradient(nearestWeights),
} satisfies KernelTable;
