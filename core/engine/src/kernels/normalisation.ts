// Softmax and its logarithm, batch normalisation, local response normalisation.
import { sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { channelsFirst, channelsLast } from './layout.js';
import { axisOf, broadcastShapes, misfit, numberOf, operand, optional, shaped } from './operands.js';
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

/**
 * scale (x - mean) / sqrt(variance + epsilon) + offset. Statistics of one number a channel are first folded into one
 * factor and one summand, so that the image is read twice only.
 */
const fusedBatchNorm: KernelRule = {
  shapes(inputs) {
    const x = operand(inputs, 'x');
    for (const name of ['mean', 'variance', 'scale', 'offset']) {
      const shape = optional(inputs, name)?.shape;
      if (shape && broadcastShapes(x.shape, shape, `batchNorm with ${name}`).join() !== x.shape.join()) {
        throw misfit(`batchNorm: ${name} [${shape.join(',')}] is larger than x [${x.shape.join(',')}]`);
      }
    }
    return [shaped(x.shape, x.dtype)];
  },
  lower({ graph, inputs, attributes }) {
    const [x, mean, variance] = [operand(inputs, 'x'), operand(inputs, 'mean'), operand(inputs, 'variance')];
    const [scale, offset] = [optional(inputs, 'scale'), optional(inputs, 'offset')];
    const epsilon = graph.scalar(numberOf(attributes, 'varianceEpsilon', 0.001));
    const deviation = graph.unary('Sqrt', graph.binary('Add', variance, epsilon));
    const factor = scale ? graph.binary('Div', scale, deviation) : graph.unary('Reciprocal', deviation);
    if (sizeOf(factor.shape) < sizeOf(x.shape) && sizeOf(mean.shape) < sizeOf(x.shape)) {
      const shift = graph.binary('Mul', mean, factor);
      const summand = offset ? graph.binary('Sub', offset, shift) : graph.unary('Neg', shift);
      return [graph.binary('Add', graph.binary('Mul', x, factor), summand)];
    }
    const scaled = graph.binary('Mul', graph.binary('Sub', x, mean), factor);
    return [offset ? graph.binary('Add', scaled, offset) : scaled];
  },
};

/** x / (bias + alpha sum of squares over neighbouring channels)^beta. */
const lrn: KernelRule = {
  shapes: (inputs) => [shaped(operand(inputs, 'x').shape, operand(inputs, 'x').dtype)],
  lower({ graph, inputs, attributes }) {
    const size = 2 * numberOf(attributes, 'depthRadius', 5) + 1;
    // ONNX divides alpha by the number of channels looked at; TF.js does not.
    const y = graph.unary('LRN', channelsFirst(graph, operand(inputs, 'x')), {
      size,
      alpha: { float: numberOf(attributes, 'alpha', 1) * size },
      beta: { float: numberOf(attributes, 'beta', 0.5) },
      bias: { float: numberOf(attributes, 'bias', 1) },
    });
    return [channelsLast(graph, y)];
  },
};

/** Sums over neighbouring channels, as a product with a band of ones. */
function neighbours(graph: GraphBuilder, x: Value, radius: number): Value {
  const channels = x.shape[1] ?? 0;
  const band = Float32Array.from({ length: channels * channels }, (_, i) =>
    Math.abs((i % channels) - Math.floor(i / channels)) <= radius ? 1 : 0,
  );
  return graph.op('MatMul', [x, graph.constant(band, [channels, channels], 'float32')], x.shape, 'float32');
}

const lrnGrad: KernelRule = {
  shapes: (inputs) => [shaped(operand(inputs, 'dy').shape, operand(inputs, 'x').dtype)],
  lower({ graph, inputs, attributes, outputs }) {
    const shape = outputs[0]?.shape ?? [];
    const channels = shape.at(-1) ?? 1;
    const flat = (name: string): Value =>
      graph.reshape(operand(inputs, name), [sizeOf(shape) / channels, channels]);
    const [x, y, dy] = [flat('x'), flat('y'), flat('dy')];
    const radius = numberOf(attributes, 'depthRadius', 5);
    const alpha = numberOf(attributes, 'alpha', 1);
    const beta = numberOf(attributes, 'beta', 0.5);
    const energy = neighbours(graph, graph.binary('Mul', x, x), radius);
    const norm = graph.binary(
      'Add',
      graph.binary('Mul', energy, graph.scalar(alpha)),
      graph.scalar(numberOf(attributes, 'bias', 1)),
    );
    const direct = graph.binary('Mul', dy, graph.binary('Pow', norm, graph.scalar(-beta)));
    const shared = neighbours(graph, graph.binary('Div', graph.binary('Mul', y, dy), norm), radius);
    const indirect = graph.binary('Mul', graph.binary('Mul', x, shared), graph.scalar(2 * alpha * beta));
    return [graph.reshape(graph.binary('Sub', direct, indirect), shape)];
  },
};

export const normalisationKernels = {
  FusedBatchNorm: fusedBatchNorm,
  LogSoftmax: softmax('LogSoftmax', 'axis'),
  LRN: lrn,
  LRNGrad: lrnGrad,
  Softmax: softmax('Softmax', 'dim'),
} satisfies KernelTable;
