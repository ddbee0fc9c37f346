// Pools of images in blocks, and the gradient of the commonest max pool.
import type { Node, Value } from '../../graph/graph.js';
import { stepAttributes } from '../../graph/step.js';
import type { Rewriting } from '../rewrite.js';
import { ops } from '../../graph/blocked.js';
import {
  blockedBehind,
  emitFrom,
  emitReshape,
  emitTo,
  emitTranspose,
  isTranspose,
  toFirst,
  toLast,
  windowAttributes,
} from './layout.js';

/** A pool of a blocked image stays in blocks. */
export function throughPool(node: Node, at: Rewriting): Value[] | undefined {
  const image = imageBehind(at, node.inputs[0]);
  if (!image || node.outputs.length > 1) return undefined;
  return [pooled(node.op === 'MaxPool' ? ops.maxPool : ops.averagePool, image, windowAttributes(node), at)];
}

/** The blocked image behind a channels-first value. */
function imageBehind(at: Rewriting, x: Value | undefined): Value | undefined {
  const transpose = at.producer(x);
  return isTranspose(transpose, toFirst) ? blockedBehind(at, transpose.inputs[0]) : undefined;
}

/** Four axes, as the operators expect. */
function flat(at: Rewriting, x: Value): Value {
  const [n = 0, blocks = 0, h = 0, w = 0, block = 0] = x.shape;
  return emitReshape(at, x, [n, blocks * block, h, w]);
}

function windowed(
  at: Rewriting,
  op: string,
  inputs: readonly Value[],
  attributes: Node['attributes'],
  like: Value,
): Value {
  const [kernel, strides, pads] = [attributes.kernel_shape, attributes.strides, attributes.pads] as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  const [n = 0, blocks = 0, h = 0, w = 0, block = 0] = like.shape;
  const size = [h, w].map((length, i) =>
    Math.floor((length + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - (kernel[i] ?? 1)) / (strides[i] ?? 1) + 1),
  );
  const y = at.emit({ op, inputs, attributes }, { shape: [n, blocks * block, ...size], type: 'float32' });
  return emitReshape(at, y, [n, blocks, ...size, block]);
}

function pooled(op: string, image: Value, attributes: Node['attributes'], at: Rewriting): Value {
  const y = windowed(at, op, [flat(at, image)], attributes, image);
  const [, blocks = 0, , , block = 0] = image.shape;
  return emitTranspose(at, emitFrom(at, y, blocks * block), toFirst);
}

/**
 * The gradient of a max pool of 2x2 tiles, which ONNX writes by indices: in blocks without them. First the larger of each
 * pair of columns, then of rows; the first of equals wins, as with indices.
 */
export function throughUnpool(node: Node, at: Rewriting, block: number): Value[] | undefined {
  const [dy, index] = node.inputs as [Value, Value];
  const pool = at.producer(index);
  const image = imageBehind(at, pool?.inputs[0]);
  if (!pool || !image || !ofTiles(pool, image)) return undefined;
  const gradient = imageBehind(at, dy) ?? emitTo(at, emitTranspose(at, dy, toLast), block);
  const columns = larger(at, image, 3);
  const pairs = windowed(
    at,
    ops.maxPool,
    [flat(at, image)],
    { kernel_shape: [1, 2], strides: [1, 2], pads: [0, 0, 0, 0], dilations: [1, 1] },
    image,
  );
  const rows = larger(at, pairs, 2);
  const byRows = apart(at, gradient, rows, 2);
  const dx = apart(at, byRows, columns, 3);
  const [, blocks = 0] = image.shape;
  return [emitTranspose(at, emitFrom(at, dx, blocks * block), toFirst)];
}

function ofTiles({ attributes }: Node, { shape }: Value): boolean {
  const is = (name: string, wanted: number): boolean =>
    (attributes[name] as readonly number[]).every((n) => n === wanted);
  return (
    is('kernel_shape', 2) &&
    is('strides', 2) &&
    is('pads', 0) &&
    [shape[2], shape[3]].every((n) => (n ?? 1) % 2 === 0)
  );
}

/** 1 where the second of each pair along an axis is larger than the first, else 0. */
function larger(at: Rewriting, x: Value, axis: 2 | 3): Value {
  const [, blocks = 0, , , block = 0] = x.shape;
  const channels = blocks * block;
  const size = axis === 2 ? [2, 1] : [1, 2];
  // Second minus first, by a filter of two elements.
  const filter = at.make(
    Float32Array.from({ length: 2 * channels }, (_, i) => (Math.floor(i / block) % 2 === 0 ? -1 : 1)),
    [channels, 1, ...size],
    'float32',
  );
  const difference = windowed(
    at,
    ops.conv,
    [flat(at, x), filter],
    { kernel_shape: size, strides: size, pads: [0, 0, 0, 0], dilations: [1, 1], group: channels },
    x,
  );
  return at.emit({ op: 'HardSigmoid', inputs: [difference], attributes: stepAttributes }, difference);
}

/** Gives each element to the second of a pair along an axis where `second` is 1, else to the first. */
function apart(at: Rewriting, dy: Value, second: Value, axis: 2 | 3): Value {
  const last = at.emit({ op: 'Mul', inputs: [dy, second] }, dy);
  const first = at.emit({ op: 'Sub', inputs: [dy, last] }, dy);
  const shape = [...dy.shape.slice(0, axis + 1), 1, ...dy.shape.slice(axis + 1)];
  const both = at.emit(
    {
      op: 'Concat',
      inputs: [emitReshape(at, first, shape), emitReshape(at, last, shape)],
      attributes: { axis: axis + 1 },
    },
    { shape: shape.map((n, i) => (i === axis + 1 ? 2 : n)), type: 'float32' },
  );
  return emitReshape(
    at,
    both,
    dy.shape.map((n, i) => (i === axis ? 2 * n : n)),
  );
}
