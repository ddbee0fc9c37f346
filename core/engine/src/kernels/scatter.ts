// Kernels that write or add up at given positions: scatter, segment sums, counts.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { ElementType, Value } from '../graph/graph.js';
import type { Target } from '../graph/target.js';
import { expand, filled, int32s, scalar, where } from './emit.js';
import { flagOf, misfit, numberOf, numbersOf, operand, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

/** Up to this many elements of ids x rows, sums over rows are a product with one-hot rows. */
const oneHotLimit = 2 ** 18;

/**
 * Writes or adds rows of `updates` [n, width] to rows `ids` [n] (int32, in range) of `base` [rows, width].
 * ScatterElements and not ScatterND: the latter adds in parallel and loses sums where ids repeat.
 */
function scatterRows(
  graph: GraphBuilder,
  base: Value,
  ids: Value,
  updates: Value,
  reduction: 'add' | 'none',
): Value {
  const [count = 0, width = 0] = updates.shape;
  const places = expand(graph, graph.reshape(ids, [count, 1]), [count, width]);
  return graph.op('ScatterElements', [base, places, updates], base.shape, base.type, { axis: 0, reduction });
}

/** Sums rows [n, width] by id [n] into [segments, width]. Ids out of range are left out. */
function segmentSum(graph: GraphBuilder, rows: Value, ids: Value, segments: number, target: Target): Value {
  const [count = 0, width = 0] = rows.shape;
  if (count === 0 || width === 0) return filled(graph, [segments, width], 0, rows.type);
  if (rows.type === 'float32' && count * segments <= oneHotLimit) {
    const numbers = int32s(
      graph,
      Array.from({ length: segments }, (_, i) => i),
    );
    const hits = graph.binary('Equal', graph.reshape(ids, [count, 1]), numbers, 'bool');
    return graph.op('Gemm', [graph.cast(hits, 'float32'), rows], [segments, width], 'float32', { transA: 1 });
  }
  const valid = graph.binary(
    'And',
    graph.binary('GreaterOrEqual', ids, scalar(graph, 0, 'int32'), 'bool'),
    graph.binary('Less', ids, scalar(graph, segments, 'int32'), 'bool'),
    'bool',
  );
  if (target.free) {
    const first = where(graph, valid, ids, scalar(graph, 0, 'int32'));
    const kept = where(graph, graph.reshape(valid, [count, 1]), rows, scalar(graph, 0, rows.type));
    return scatterRows(graph, filled(graph, [segments, width], 0, rows.type), first, kept, 'add');
  }
  // A row more takes what is left out: quicker, but its length fits no free axis.
  const safe = where(graph, valid, ids, scalar(graph, segments, 'int32'));
  const sums = scatterRows(graph, filled(graph, [segments + 1, width], 0, rows.type), safe, rows, 'add');
  return graph.slice(sums, [0, 0], [segments, width]);
}

/** TF.js gives float32 whatever it adds. */
const unsortedSegmentSum: KernelRule = {
  shapes(inputs, attributes) {
    const [x, ids] = [operand(inputs, 'x'), operand(inputs, 'segmentIds')];
    if (ids.shape.length !== 1 || ids.shape[0] !== x.shape[0]) {
      throw misfit(
        `unsortedSegmentSum: segment ids [${ids.shape.join(',')}] for rows of [${x.shape.join(',')}]`,
      );
    }
    return [shaped([numberOf(attributes, 'numSegments'), ...x.shape.slice(1)], 'float32')];
  },
  lower({ graph, inputs, attributes, outputs, target }) {
    const x = graph.cast(operand(inputs, 'x'), 'float32');
    const ids = graph.cast(operand(inputs, 'segmentIds'), 'int32');
    const rows = graph.reshape(x, [x.shape[0] ?? 0, sizeOf(x.shape.slice(1))]);
    const sums = segmentSum(graph, rows, ids, numberOf(attributes, 'numSegments'), target);
    return [graph.reshape(sums, outputs[0]?.shape ?? [])];
  },
};

/** Index tuples [..., depth] as numbers of rows, row-major over the first `depth` axes of `shape`. */
function flatIds(graph: GraphBuilder, indices: Value, shape: readonly number[]): Value {
  const depth = indices.shape.at(-1) ?? 0;
  const count = sizeOf(indices.shape.slice(0, -1));
  const strides = Array.from({ length: depth }, (_, i) => sizeOf(shape.slice(i + 1, depth)));
  const tuples = graph.reshape(graph.cast(indices, 'int32'), [count, depth]);
  if (depth === 1) return graph.reshape(tuples, [count]);
  return graph.reduce('ReduceSum', graph.binary('Mul', tuples, int32s(graph, strides)), [1], false);
}

/** Scatters slices into a tensor of `shape` that holds `base` before. */
function scatterInto(
  graph: GraphBuilder,
  shape: readonly number[],
  base: (rows: number, width: number, type: ElementType) => Value,
  indices: Value,
  updates: Value,
  reduction: 'add' | 'none',
): Value {
  const depth = indices.shape.at(-1) ?? 0;
  const width = sizeOf(shape.slice(depth));
  const rows = sizeOf(shape.slice(0, depth));
  const type = updates.type === 'bool' ? 'int32' : updates.type;
  const count = sizeOf(indices.shape.slice(0, -1));
  const start = base(rows, width, type);
  if (count === 0) return graph.reshape(graph.cast(start, updates.type), shape);
  const slices = graph.reshape(graph.cast(updates, type), [count, width]);
  const result = scatterRows(graph, start, flatIds(graph, indices, shape), slices, reduction);
  return graph.reshape(graph.cast(result, updates.type), shape);
}

function checkIndices(kernel: string, indices: readonly number[], shape: readonly number[]): void {
  const depth = indices.at(-1) ?? 0;
  if (depth > shape.length) {
    throw misfit(`${kernel}: indices of ${depth} numbers into a tensor of rank ${shape.length}`);
  }
}

/** Repeated indices add up. */
const scatterNd: KernelRule = {
  shapes(inputs, attributes) {
    const shape = numbersOf(attributes, 'shape');
    checkIndices('scatterND', operand(inputs, 'indices').shape, shape);
    return [shaped(shape, operand(inputs, 'updates').dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const zeros = (rows: number, width: number, type: ElementType) => filled(graph, [rows, width], 0, type);
    const shape = numbersOf(attributes, 'shape');
    return [scatterInto(graph, shape, zeros, operand(inputs, 'indices'), operand(inputs, 'updates'), 'add')];
  },
};

/** Of repeated indices the last one stays. */
const tensorScatterUpdate: KernelRule = {
  shapes(inputs) {
    const tensor = operand(inputs, 'tensor');
    checkIndices('tensorScatterUpdate', operand(inputs, 'indices').shape, tensor.shape);
    return [shaped(tensor.shape, tensor.dtype)];
  },
  lower({ graph, inputs }) {
    const tensor = operand(inputs, 'tensor');
    const base = (rows: number, width: number, type: ElementType) =>
      graph.reshape(graph.cast(tensor, type), [rows, width]);
    const updates = graph.cast(operand(inputs, 'updates'), tensor.type);
    return [scatterInto(graph, tensor.shape, base, operand(inputs, 'indices'), updates, 'none')];
  },
};

const sparseToDense: KernelRule = {
  shapes(inputs, attributes) {
    return [shaped(numbersOf(attributes, 'outputShape'), operand(inputs, 'sparseValues').dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const shape = numbersOf(attributes, 'outputShape');
    const given = operand(inputs, 'sparseIndices');
    // A vector of indices is a column; a scalar is one index.
    const indices = given.shape.length === 2 ? given : graph.reshape(given, [sizeOf(given.shape), 1]);
    const count = indices.shape[0] ?? 0;
    const values = operand(inputs, 'sparseValues');
    const updates = expand(graph, graph.reshape(values, sizeOf(values.shape) === 1 ? [1] : [count]), [count]);
    const fallback = operand(inputs, 'defaultValue');
    const base = (rows: number, width: number, type: ElementType) =>
      expand(graph, graph.reshape(graph.cast(fallback, type), []), [rows, width]);
    return [scatterInto(graph, shape, base, indices, updates, 'none')];
  },
};

/** How often each number below `size` occurs, or the sum of its weights; by rows when x has two axes. */
const bincount: KernelRule = {
  shapes(inputs, attributes) {
    const { shape } = operand(inputs, 'x');
    if (shape.length > 2) throw misfit(`bincount: x has rank ${shape.length}, at most 2 is possible`);
    const size = numberOf(attributes, 'size');
    const rows = shape.length === 2 ? [shape[0] ?? 0] : [];
    return [shaped([...rows, size], operand(inputs, 'weights').dtype)];
  },
  lower({ graph, inputs, attributes, outputs, target }) {
    const x = graph.cast(operand(inputs, 'x'), 'int32');
    const weights = operand(inputs, 'weights');
    const size = numberOf(attributes, 'size');
    const { shape, dtype } = outputs[0] ?? shaped([size], 'float32');
    const byRows = x.shape.length === 2;
    const rows = byRows ? (x.shape[0] ?? 0) : 1;
    const count = sizeOf(x.shape);
    const binary = byRows && flagOf(attributes, 'binaryOutput');
    const counted =
      sizeOf(weights.shape) > 0 && !binary
        ? graph.reshape(graph.cast(weights, 'float32'), [count, 1])
        : filled(graph, [count, 1], 1, 'float32');
    const starts = graph.constant(
      Int32Array.from({ length: rows }, (_, i) => i * size),
      [rows, 1],
      'int32',
    );
    const inside = graph.binary('Less', x, scalar(graph, size, 'int32'), 'bool');
    const numbered = byRows ? graph.binary('Add', x, starts) : x;
    const ids = graph.reshape(where(graph, inside, numbered, scalar(graph, -1, 'int32')), [count]);
    const sums = graph.reshape(segmentSum(graph, counted, ids, rows * size, target), shape);
    return [graph.cast(binary ? graph.binary('Min', sums, graph.scalar(1)) : sums, dtype)];
  },
};

export const scatterKernels = {
  Bincount: bincount,
  DenseBincount: bincount,
  ScatterNd: scatterNd,
  SparseToDense: sparseToDense,
  TensorScatterUpdate: tensorScatterUpdate,
  UnsortedSegmentSum: unsortedSegmentSum,
} satisfies KernelTable;
