// The engine's own kernel: a tensor as it is, but not before another is there. See recompute/checkpoint.ts.
import { sizeOf } from '../graph/builder.js';
import { operand } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

export const afterKernel = 'PotstillAfter';

/** `x`, once `after` is computed. What is computed from the result is never taken for what is computed from `x`. */
const after: KernelRule = {
  shapes: (inputs) => [operand(inputs, 'x')],
  lower({ graph, inputs }) {
    const x = operand(inputs, 'x');
    const wait = operand(inputs, 'after');
    const size = sizeOf(wait.shape);
    if (size === 0) return [x];
    // Adds an axis of unknown length and removes it again: both are views, so nothing is copied.
    const first = graph.op('Gather', [graph.reshape(wait, [size]), graph.ints([0])], [1], wait.type, {
      axis: 0,
    });
    const axis = graph.cast(graph.op('Greater', [first, first], [1], 'bool'), 'int64');
    const lifted = graph.op('Unsqueeze', [x, axis], [1, ...x.shape], x.type);
    return [graph.reshape(lifted, x.shape)];
  },
};

export const orderKernels: KernelTable = { [afterKernel]: after };
