// Activations with a learnt slope, their gradients, and those that fused kernels carry.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { expand } from './emit.js';
import { broadcastShapes, numberOf, operand, optional, shaped, textOf, unsupported } from './operands.js';
import type { KernelAttributes, KernelInputs, KernelRule, KernelTable } from './rule.js';

/** x above zero, else slope * x. The slope broadcasts. */
function prelu(graph: GraphBuilder, x: Value, slope: Value): Value {
  const shape = broadcastShapes(x.shape, slope.shape, 'prelu');
  return graph.op('PRelu', [expand(graph, x, shape), slope], shape, 'float32');
}

type Activation = (graph: GraphBuilder, x: Value, slope: Value | undefined, alpha: number) => Value;

/** The activations that TF.js fuses. */
const activations: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: (graph, x) => graph.unary('Relu', x),
  relu6: (graph, x) => graph.op('Clip', [x, graph.scalar(0), graph.scalar(6)], x.shape, x.type),
  elu: (graph, x) => graph.unary('Elu', x, { alpha: { float: 1 } }),
  sigmoid: (graph, x) => graph.unary('Sigmoid', x),
  leakyrelu: (graph, x, _, alpha) => graph.unary('LeakyRelu', x, { alpha: { float: alpha } }),
  prelu: (graph, x, slope) => {
    if (!slope) throw new Error('internal: prelu without its weights');
    return prelu(graph, x, slope);
  },
};

/** Throws when a fused kernel carries an activation that is not known; called while shapes are inferred. */
export function checkActivation(attributes: KernelAttributes, kernel: string): void {
  const name = textOf(attributes, 'activation') ?? 'linear';
  if (!(name in activations)) {
    throw unsupported(
      `${kernel}: activation ${name} is not known`,
      `use one of ${Object.keys(activations).join(', ')}`,
    );
  }
}

/** Applies the `activation` of a fused kernel; prelu weights are the operand `preluActivationWeights`. */
export function activate(
  graph: GraphBuilder,
  x: Value,
  inputs: KernelInputs<Value>,
  attributes: KernelAttributes,
): Value {
  const activation = activations[textOf(attributes, 'activation') ?? 'linear'];
  if (!activation) throw new Error('internal: activation was not checked');
  return activation(
    graph,
    x,
    optional(inputs, 'preluActivationWeights'),
    numberOf(attributes, 'leakyreluAlpha', 0.2),
  );
}

const preluRule: KernelRule = {
  shapes(inputs) {
    const x = operand(inputs, 'x');
    return [shaped(broadcastShapes(x.shape, operand(inputs, 'alpha').shape, 'prelu'), 'float32')];
  },
  lower({ graph, inputs }) {
    const x = graph.cast(operand(inputs, 'x'), 'float32');
    return [prelu(graph, x, graph.cast(operand(inputs, 'alpha'), 'float32'))];
  },
};

/** dy where y is at least 0, else dy (y + 1): that is dy (min(y, 0) + 1). */
const eluGrad: KernelRule = {
  shapes(inputs) {
    return [shaped(operand(inputs, 'y').shape, 'float32')];
  },
  lower({ graph, inputs }) {
    const below = graph.binary('Min', operand(inputs, 'y'), graph.scalar(0));
    const slope = graph.binary('Add', below, graph.scalar(1));
    return [graph.binary('Mul', operand(inputs, 'dy'), slope)];
  },
};

export const activationKernels = { Prelu: preluRule, EluGrad: eluGrad } satisfies KernelTable;
