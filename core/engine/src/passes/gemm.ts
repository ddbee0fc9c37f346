// fuse-gemm-add: folds what is added to a matrix product into the product: biases, and momentum into weight gradients.
//   before: m' = Add(Mul(m, 0.9), MatMul(x^T, dy))
//   after:  m' = Gemm(x^T, dy, m, beta = 0.9)
// Gain: one pass over the weights instead of three, and no memory for the two between; the more, the smaller the batch. May go when
// ONNX Runtime fuses sums with an input that is no bias.
import type { Graph, Node, Value } from '../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from './rewrite.js';

/**
 * `A B + c * X` becomes one Gemm with `beta = c`: `m' = momentum * m + x^T dy` is one pass over the weights instead of
 * three. Only where nothing else uses the product.
 */
export function fuseGemmAdd(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    if (node.op !== 'Add') return undefined;
    const [a, b] = node.inputs;
    const output = node.outputs[0] as Value;
    if (!a || !b) return undefined;
    return (
      fused(a, b, output, at) ??
      fused(b, a, output, at) ??
      reshaped(a, b, output, at) ??
      reshaped(b, a, output, at)
    );
  });
}

/** The same through a reshape, as weight gradients of convolutions are. */
function reshaped(view: Value, added: Value, output: Value, at: Rewriting): Value[] | undefined {
  const reshape = at.producer(view);
  const product = reshape?.op === 'Reshape' ? reshape.inputs[0] : undefined;
  if (!product || at.uses(view) !== 1 || String(added.shape) !== String(view.shape)) return undefined;
  const gemm = at.producer(product);
  if (gemm?.op !== 'Gemm' || gemm.inputs[2] || at.uses(product) !== 1) return undefined;
  const scaled = scaling(added, at);
  const flat = at.emit({ op: 'Reshape', inputs: [scaled?.value ?? added, at.ints(product.shape)] }, product);
  const sum = at.emit(
    {
      op: 'Gemm',
      inputs: [gemm.inputs[0], gemm.inputs[1], flat],
      attributes: { ...gemm.attributes, ...(scaled ? { beta: { float: scaled.factor } } : {}) },
      origin: gemm.origin,
    },
    product,
  );
  return [at.emit({ op: 'Reshape', inputs: [sum, at.ints(output.shape)] }, output)];
}

function fused(product: Value, added: Value, output: Value, at: Rewriting): Value[] | undefined {
  const gemm = at.producer(product);
  if (gemm?.op !== 'Gemm' || gemm.inputs[2] || at.uses(product) !== 1) return undefined;
  if (String(product.shape) !== String(output.shape) || !broadcastsTo(added.shape, product.shape))
    return undefined;
  const scaled = scaling(added, at);
  return [
    at.emit(
      {
        op: 'Gemm',
        inputs: [gemm.inputs[0], gemm.inputs[1], scaled?.value ?? added],
        attributes: { ...gemm.attributes, ...(scaled ? { beta: { float: scaled.factor } } : {}) },
        origin: gemm.origin,
      },
      output,
    ),
  ];
}

/** `added` as a number times a value that broadcasts alike, when nothing else uses the product. */
function scaling(added: Value, at: Rewriting): { value: Value; factor: number } | undefined {
  const node: Node | undefined = at.producer(added);
  if (node?.op !== 'Mul' || at.uses(added) !== 1) return undefined;
  const [a, b] = node.inputs as [Value, Value];
  for (const [value, number] of [
    [a, b],
    [b, a],
  ] as const) {
    const factor = uniformOf(at.constant(number));
    if (factor !== undefined && String(value.shape) === String(added.shape)) return { value, factor };
  }
  return undefined;
}

/** Gemm's third input may have the product's shape, one row, one column, or one element. */
function broadcastsTo(shape: readonly number[], [rows, columns]: readonly number[]): boolean {
  const [m = 1, n = 1] = shape.length === 2 ? shape : [1, ...shape];
  return shape.length <= 2 && (m === rows || m === 1) && (n === columns || n === 1);
}
