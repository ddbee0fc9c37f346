// Negation, choice between tensors, and sums of many.
import type { DType } from '../host-tensor.js';
import { where } from './emit.js';
import { broadcastShapes, misfit, operand, operandList, shaped, wider } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

const logicalNot: KernelRule = {
  shapes: (inputs) => [shaped(operand(inputs, 'x').shape, 'bool')],
  lower: ({ graph, inputs }) => [graph.unary('Not', graph.cast(operand(inputs, 'x'), 'bool'))],
};

/** A condition of rank 1 chooses whole rows. */
const select: KernelRule = {
  shapes(inputs) {
    const [condition, yes, no] = [operand(inputs, 'condition'), operand(inputs, 't'), operand(inputs, 'e')];
    if (yes.shape.join() !== no.shape.join()) {
      throw misfit(`where: the branches have shapes [${yes.shape.join(',')}] and [${no.shape.join(',')}]`);
    }
    const rows = condition.shape.length === 1 && condition.shape[0] === yes.shape[0];
    if (!rows) broadcastShapes(condition.shape, yes.shape, 'where');
    return [shaped(yes.shape, wider(yes.dtype, no.dtype))];
  },
  lower({ graph, inputs, outputs }) {
    const [condition, yes, no] = [operand(inputs, 'condition'), operand(inputs, 't'), operand(inputs, 'e')];
    const type: DType = outputs[0]?.dtype ?? 'float32';
    const within = type === 'bool' ? 'int32' : type;
    const rank = yes.shape.length;
    const rows = condition.shape.length === 1 && rank > 1 && condition.shape[0] === yes.shape[0];
    const shape = rows ? [...condition.shape, ...new Array<number>(rank - 1).fill(1)] : condition.shape;
    const chosen = graph.reshape(graph.cast(condition, 'bool'), shape);
    return [graph.cast(where(graph, chosen, graph.cast(yes, within), graph.cast(no, within)), type)];
  },
};

const addN: KernelRule = {
  shapes(inputs) {
    const [first, ...others] = operandList(inputs);
    if (!first) throw misfit('addN: there is nothing to add');
    for (const other of others) {
      if (other.shape.join() !== first.shape.join()) {
        throw misfit(`addN: shapes [${first.shape.join(',')}] and [${other.shape.join(',')}] differ`);
      }
    }
    return [shaped(first.shape, first.dtype)];
  },
  lower({ graph, inputs, outputs }) {
    const list = operandList(inputs);
    const { shape, dtype } = outputs[0] ?? shaped([], 'float32');
    if (list.length === 1) return [operand(inputs, '0')];
    if (dtype === 'float32') return [graph.op('Sum', list, shape, dtype)];
    const numbers = list.map((value) => graph.cast(value, 'int32'));
    return [
      graph.cast(
        numbers.reduce((sum, value) => graph.binary('Add', sum, value)),
        dtype,
      ),
    ];
  },
};

export const logicalKernels = { AddN: addN, LogicalNot: logicalNot, Select: select } satisfies KernelTable;
