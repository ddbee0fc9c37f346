// Softmax and its logarithm.
import { axisOf, numberOf, operand, shaped } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

/** Normalises along one axis; default the last. */
function softmax(op: 'Softmax' | 'LogSoftmax', attribute: 'dim' | 'axis'): KernelRule {
  const name = op === 'Softmax' ? 'softmax' : 'logSoftmax';
  return {
    shapes(inputs, attributes) {
      const { shape } = operand(inputs, 'logits');
      axisOf(numberOf(attributes, attribute, -1), shape.length, name);
      return [shaped(shape, 'float32')];
    },
    lower({ graph, inputs, attributes }) {
      const logits = graph.cast(operand(inputs, 'logits'), 'float32');
      const axis = axisOf(numberOf(attributes, attribute, -1), logits.shape.length, name);
      return [graph.unary(op, logits, { axis })];
    },
  };
}

export const normalisationKernels = {
  LogSoftmax: softmax('LogSoftmax', 'axis'),
  Softmax: softmax('Softmax', 'dim'),
} satisfies KernelTable;
