// Kernels that read at given positions: gather, the largest, places in a sorted row.
import { sizeOf } from '../graph/builder.js';
import { gather } from './emit.js';
import { axisOf, misfit, numberOf, operand, shaped, textOf } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';

interface Gathering {
  readonly batchDims: number;
  readonly axis: number;
  readonly shape: readonly number[];
}

function gathering(
  x: { readonly shape: readonly number[] },
  indices: { readonly shape: readonly number[] },
  attributes: KernelAttributes,
): Gathering {
  const given = numberOf(attributes, 'batchDims', 0);
  const batchDims = given < 0 ? given + indices.shape.length : given;
  const axis = axisOf(numberOf(attributes, 'axis', 0), x.shape.length, 'gather');
  if (batchDims > axis || batchDims > indices.shape.length) {
    throw misfit(`gather: ${batchDims} batch axes leave no room for axis ${axis}`);
  }
  for (let i = 0; i < batchDims; i++) {
    if (x.shape[i] !== indices.shape[i]) {
      throw misfit(
        `gather: batch axis ${i} has ${x.shape[i]} elements in x, ${indices.shape[i]} in the indices`,
      );
    }
  }
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)];
  return { batchDims, axis, shape };
}

const gatherV2: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    return [shaped(gathering(x, operand(inputs, 'indices'), attributes).shape, x.dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const x = operand(inputs, 'x');
    const indices = graph.cast(operand(inputs, 'indices'), 'int32');
    const { batchDims, axis, shape } = gathering(x, indices, attributes);
    if (batchDims === 0) return [gather(graph, x, indices, axis)];
    const batch = sizeOf(x.shape.slice(0, batchDims));
    const outer = sizeOf(x.shape.slice(batchDims, axis));
    const length = x.shape[axis] ?? 1;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const count = sizeOf(indices.shape.slice(batchDims));
    // GatherND takes rows right after the batch axis, so what lies between goes behind and comes back.
    const rows = graph.transpose(graph.reshape(x, [batch, outer, length, inner]), [0, 2, 1, 3]);
    const at = graph.cast(graph.reshape(indices, [batch, count, 1]), 'int64');
    const taken = graph.op('GatherND', [rows, at], [batch, count, outer, inner], x.type, { batch_dims: 1 });
    return [graph.reshape(graph.transpose(taken, [0, 2, 1, 3]), shape)];
  },
};

function ndShape(params: Shaped, indices: Shaped): number[] {
  const depth = indices.shape.at(-1) ?? 0;
  if (depth > params.shape.length) {
    throw misfit(`gatherND: indices of ${depth} numbers into a tensor of rank ${params.shape.length}`);
  }
  return [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
}

const gatherNd: KernelRule = {
  shapes(inputs) {
    const params = operand(inputs, 'params');
    return [shaped(ndShape(params, operand(inputs, 'indices')), params.dtype)];
  },
  lower({ graph, inputs, outputs }) {
    const params = operand(inputs, 'params');
    const at = graph.cast(operand(inputs, 'indices'), 'int64');
    return [graph.op('GatherND', [params, at], outputs[0]?.shape ?? [], params.type, { batch_dims: 0 })];
  },
};

/** Always sorted; the lower index of equals comes first, in TF.js and in ONNX. */
const topK: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const k = numberOf(attributes, 'k');
    const last = x.shape.at(-1);
    if (last === undefined) throw misfit('topk: a scalar has no axis to choose from');
    if (k > last) throw misfit(`topk: ${k} of ${last} elements`);
    const shape = [...x.shape.slice(0, -1), k];
    return [shaped(shape, x.dtype), shaped(shape, 'int32')];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const shape = outputs[0]?.shape ?? [];
    const type = x.type === 'bool' ? 'int32' : x.type;
    const [values, indices] = graph.ops(
      'TopK',
      [graph.cast(x, type), graph.ints([numberOf(attributes, 'k')])],
      [
        { shape, type },
        { shape, type: 'int64' },
      ],
      { axis: x.shape.length - 1, largest: 1, sorted: 1 },
    );
    if (!values || !indices) throw new Error('internal: TopK without its outputs');
    return [graph.cast(values, x.type), graph.cast(indices, 'int32')];
  },
};

/** Counts the elements before each value: rows are short where this is used. */
const searchSorted: KernelRule = {
  shapes(inputs) {
    const [rows, values] = [operand(inputs, 'sortedSequence'), operand(inputs, 'values')];
    if (rows.shape[0] !== values.shape[0]) {
      throw misfit(`searchSorted: ${rows.shape[0]} sorted rows for ${values.shape[0]} rows of values`);
    }
    return [shaped(values.shape, 'int32')];
  },
  lower({ graph, inputs, attributes }) {
    const [rows, values] = [operand(inputs, 'sortedSequence'), operand(inputs, 'values')];
    const [batch = 0, length = 0] = rows.shape;
    const compare = textOf(attributes, 'side') === 'right' ? 'LessOrEqual' : 'Less';
    const before = graph.binary(
      compare,
      graph.reshape(rows, [batch, 1, length]),
      graph.reshape(values, [batch, values.shape[1] ?? 0, 1]),
      'bool',
    );
    return [graph.reduce('ReduceSum', graph.cast(before, 'int32'), [2], false)];
  },
};

export const gatherKernels = {
  GatherNd: gatherNd,
  GatherV2: gatherV2,
  SearchSorted: searchSorted,
  TopK: topK,
} satisfies KernelTable;
