// Matrix products. Float products that are one matrix each, or share one right matrix, become a Gemm.
import { broadcast, sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import type { DType } from '../host-tensor.js';
import { activate, checkActivation } from './activation.js';
import { filled } from './emit.js';
import { broadcastShapes, flagOf, misfit, operand, optional, shaped, wider } from './operands.js';
import type { KernelAttributes, KernelInputs, KernelRule, KernelTable, Lowering, Shaped } from './rule.js';

interface Transposed {
  readonly a: boolean;
  readonly b: boolean;
}

const transposed = (attributes: KernelAttributes): Transposed => ({
  a: flagOf(attributes, 'transposeA'),
  b: flagOf(attributes, 'transposeB'),
});

/** [rows, columns] of the last two axes as the product sees them. */
function matrix(shape: readonly number[], flip: boolean): readonly [number, number] {
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  return flip ? [columns, rows] : [rows, columns];
}

function productShape(inputs: KernelInputs<Shaped>, attributes: KernelAttributes): readonly number[] {
  const [a, b] = [operand(inputs, 'a').shape, operand(inputs, 'b').shape];
  for (const [name, shape] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (shape.length < 2)
      throw misfit(`matMul: operand ${name} has rank ${shape.length}, at least 2 is needed`);
  }
  const flip = transposed(attributes);
  const [rows, inner] = matrix(a, flip.a);
  const [height, columns] = matrix(b, flip.b);
  if (inner !== height) {
    throw misfit(
      `matMul: a [${a.join(',')}]${flip.a ? ' transposed' : ''} has ${inner} columns, ` +
        `b [${b.join(',')}]${flip.b ? ' transposed' : ''} has ${height} rows`,
    );
  }
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2), 'matMul'), rows, columns];
}

function swapLast(graph: GraphBuilder, x: Value, flip: boolean): Value {
  if (!flip) return x;
  const rank = x.shape.length;
  return graph.transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

const flatten = (graph: GraphBuilder, x: Value): Value =>
  graph.reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);

/** a (b), plus a bias when there is one. */
function product(graph: GraphBuilder, a: Value, b: Value, flip: Transposed, bias?: Value): Value {
  const [rows, inner] = matrix(a.shape, flip.a);
  const [, columns] = matrix(b.shape, flip.b);
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  const added = (y: Value): Value => (bias ? graph.binary('Add', y, bias) : y);
  if (inner === 0) return added(filled(graph, shape, 0, a.type));
  const oneRight = sizeOf(b.shape.slice(0, -2)) === 1;
  const oneLeft = sizeOf(a.shape.slice(0, -2)) === 1;
  if (a.type !== 'float32' || !oneRight || !(oneLeft || !flip.a)) {
    const y = graph.op('MatMul', [swapLast(graph, a, flip.a), swapLast(graph, b, flip.b)], shape, a.type);
    return added(y);
  }
  const flat: readonly number[] = [flip.a ? rows : sizeOf(a.shape.slice(0, -1)), columns];
  const inside = bias && biasOfGemm(graph, bias, flat, oneLeft);
  const inputs = [flatten(graph, a), flatten(graph, b), ...(inside ? [inside] : [])];
  const y = graph.op('Gemm', inputs, flat, 'float32', { transA: flip.a ? 1 : 0, transB: flip.b ? 1 : 0 });
  const back = graph.reshape(y, shape);
  return inside ? back : added(back);
}

/** The bias as Gemm's third operand: broadcast along rows only, or of the whole matrix when there is one. */
function biasOfGemm(
  graph: GraphBuilder,
  bias: Value,
  flat: readonly number[],
  oneLeft: boolean,
): Value | undefined {
  const size = sizeOf(bias.shape);
  if (bias.shape.at(-1) === size && (size === flat[1] || size === 1)) return graph.reshape(bias, [size]);
  if (oneLeft && size === sizeOf(flat) && bias.shape.length >= 2) return graph.reshape(bias, flat);
  return undefined;
}

function operandsOf({ graph, inputs, outputs }: Lowering): readonly [Value, Value, DType] {
  const [a, b] = [operand(inputs, 'a'), operand(inputs, 'b')];
  const type = wider(a.type as DType, b.type as DType);
  const within = type === 'bool' ? 'int32' : type;
  return [graph.cast(a, within), graph.cast(b, within), outputs[0]?.dtype ?? type];
}

const batchMatMul: KernelRule = {
  shapes(inputs, attributes) {
    return [shaped(productShape(inputs, attributes), operand(inputs, 'a').dtype)];
  },
  lower(at) {
    const [a, b, type] = operandsOf(at);
    return [at.graph.cast(product(at.graph, a, b, transposed(at.attributes)), type)];
  },
};

const fusedMatMul: KernelRule = {
  shapes(inputs, attributes) {
    const shape = productShape(inputs, attributes);
    const bias = optional(inputs, 'bias');
    checkActivation(attributes, 'matMul');
    const whole = bias ? broadcastShapes(shape, bias.shape, 'matMul with bias') : shape;
    return [shaped(whole, operand(inputs, 'a').dtype)];
  },
  lower(at) {
    const { graph, inputs, attributes } = at;
    const [a, b, type] = operandsOf(at);
    const bias = optional(inputs, 'bias');
    const y = product(graph, a, b, transposed(attributes), bias && graph.cast(bias, a.type));
    return [graph.cast(activate(graph, y, inputs, attributes), type)];
  },
};

export const matmulKernels = { BatchMatMul: batchMatMul, _FusedMatMul: fusedMatMul } satisfies KernelTable;
