// Every kernel that the engine can lower, by TF.js name.
import { sizeOf } from '../graph/builder.js';
import { activationKernels } from './activation.js';
import { binaryKernels } from './binary.js';
import { convolutionKernels } from './convolution.js';
import { createKernels } from './create.js';
import { depthwiseKernels } from './depthwise.js';
import { einsumKernels } from './einsum.js';
import { elementwise } from './elementwise.js';
import { filled } from './emit.js';
import { gatherKernels } from './gather.js';
import { joinKernels } from './join.js';
import { logicalKernels } from './logical.js';
import { matmulKernels } from './matmul.js';
import { normalisationKernels } from './normalisation.js';
import { orderKernels } from './order.js';
import { padKernels } from './pad.js';
import { poolingKernels } from './pooling.js';
import { reduceKernels } from './reduce.js';
import { resizeKernels } from './resize.js';
import type { KernelRule, KernelTable } from './rule.js';
import { scanKernels } from './scan.js';
import { scatterKernels } from './scatter.js';
import { shapeKernels } from './shape.js';
import { sliceKernels } from './slice.js';

/** Outputs without elements are constants: operators are never asked to work on nothing. */
function emptyAware(rule: KernelRule): KernelRule {
  return {
    shapes: (inputs, attributes) => rule.shapes(inputs, attributes),
    lower(at) {
      const { graph, outputs } = at;
      if (outputs.length > 0 && outputs.every(({ shape }) => sizeOf(shape) === 0)) {
        return outputs.map(({ shape, dtype }) => filled(graph, shape, 0, dtype));
      }
      return rule.lower(at);
    },
  };
}

/** Kernels by subject, as the documentation lists them. */
export const kernelSubjects = {
  'Elementwise, one operand': elementwise,
  'Elementwise, two operands': binaryKernels,
  'Activations with weights, and gradients of activations': activationKernels,
  'Choice, negation, sums of many': logicalKernels,
  'Reductions and scans': reduceKernels,
  'Matrix products': matmulKernels,
  'Sums of products': einsumKernels,
  Convolutions: convolutionKernels,
  'Depthwise convolutions': depthwiseKernels,
  Pools: poolingKernels,
  Normalisations: normalisationKernels,
  'Shapes and order': shapeKernels,
  'Made tensors and casts': createKernels,
  'Joining and taking apart': joinKernels,
  'Slices and reversal': sliceKernels,
  'Padding and blocks': padKernels,
  'Reading at positions': gatherKernels,
  'Writing at positions': scatterKernels,
  'Resizing of images': resizeKernels,
  'Repeated steps (of the engine; see `scan`)': scanKernels,
  'Order (of the engine; see `checkpoint`)': orderKernels,
} satisfies Record<string, KernelTable>;

/** The rules of all kernels that can be part of a recorded step. */
export const kernelTable: KernelTable = Object.fromEntries(
  Object.values(kernelSubjects)
    .flatMap((rules) => Object.entries(rules))
    .map(([name, rule]) => [name, emptyAware(rule)]),
);

export { unsupportedKernels } from './unsupported.js';
export { departures } from './departures.js';
