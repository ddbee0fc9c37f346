// Kernels that give the same numbers another shape or order.
import { sizeOf } from '../graph/builder.js';
import { expand } from './emit.js';
import { broadcastShapes, misfit, numberOf, numbersOf, operand, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

/** Fills in the one -1 of a shape. */
function resolved(shape: readonly number[], size: number): number[] {
  const rest = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const whole = shape.map((length) => (length === -1 ? size / rest : length));
  if (sizeOf(whole) !== size || !whole.every(Number.isInteger)) {
    throw misfit(`reshape: ${size} elements do not fit the shape [${shape.join(',')}]`);
  }
  return whole;
}

const reshape: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    return [shaped(resolved(numbersOf(attributes, 'shape'), sizeOf(x.shape)), x.dtype)];
  },
  lower: ({ graph, inputs, outputs }) => [graph.reshape(operand(inputs, 'x'), outputs[0]?.shape ?? [])],
};

const expandDims: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'input');
    const dim = numberOf(attributes, 'dim');
    const rank = x.shape.length;
    if (dim > rank || dim < -rank - 1) {
      throw misfit(`expandDims: axis ${dim} is not an axis of a tensor of rank ${rank + 1}`);
    }
    const shape = [...x.shape];
    shape.splice(dim < 0 ? rank + dim + 1 : dim, 0, 1);
    return [shaped(shape, x.dtype)];
  },
  lower: ({ graph, inputs, outputs }) => [graph.reshape(operand(inputs, 'input'), outputs[0]?.shape ?? [])],
};

const transpose: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const perm = numbersOf(attributes, 'perm');
    const axes = [...perm].sort((a, b) => a - b);
    if (axes.length !== x.shape.length || axes.some((axis, i) => axis !== i)) {
      throw misfit(`transpose: [${perm.join(',')}] is not an order of ${x.shape.length} axes`);
    }
    return [
      shaped(
        perm.map((axis) => x.shape[axis] ?? 1),
        x.dtype,
      ),
    ];
  },
  lower: ({ graph, inputs, attributes }) => [
    graph.transpose(operand(inputs, 'x'), numbersOf(attributes, 'perm')),
  ],
};

const tile: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const reps = numbersOf(attributes, 'reps');
    if (reps.length !== x.shape.length) {
      throw misfit(`tile: ${reps.length} repetitions for a tensor of rank ${x.shape.length}`);
    }
    return [
      shaped(
        x.shape.map((length, i) => length * (reps[i] ?? 1)),
        x.dtype,
      ),
    ];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const x = operand(inputs, 'x');
    const reps = numbersOf(attributes, 'reps');
    const shape = outputs[0]?.shape ?? [];
    if (reps.every((count) => count === 1)) return [x];
    // Repeating axes of length 1 is broadcasting, which is cheaper and which passes can see through.
    const broadcasts = reps.every((count, i) => count === 1 || x.shape[i] === 1);
    return [
      graph.op(broadcasts ? 'Expand' : 'Tile', [x, graph.ints(broadcasts ? shape : reps)], shape, x.type),
    ];
  },
};

/** TF.js itself broadcasts with Tile; other back ends register this. */
const broadcastTo: KernelRule = {
  shapes(inputs, attributes) {
    const x = operand(inputs, 'x');
    const shape = numbersOf(attributes, 'shape');
    if (broadcastShapes(x.shape, shape, 'broadcastTo').join() !== shape.join()) {
      throw misfit(`broadcastTo: [${x.shape.join(',')}] does not broadcast to [${shape.join(',')}]`);
    }
    return [shaped(shape, x.dtype)];
  },
  lower: ({ graph, inputs, outputs }) => [expand(graph, operand(inputs, 'x'), outputs[0]?.shape ?? [])],
};

export const shapeKernels = {
  BroadcastTo: broadcastTo,
  ExpandDims: expandDims,
  Reshape: reshape,
  Tile: tile,
  Transpose: transpose,
} satisfies KernelTable;
