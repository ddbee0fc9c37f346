// collect-affine: gathers scaling, shifting and adding of whole tensors into sums with small coefficients, and computes those in
// as few passes over memory as they need.
//   before: y = Add(Mul(Mul(Sub(x, mean), scale), gamma), beta)          (x whole, the others one number a channel)
//   after:  a = Mul(scale, gamma); b = Sub(beta, Mul(mean, a)); y = Add(Mul(x, a), b)
//           in blocks: y = blocked Conv(x, a, b), one pixel, a channel each, with the ReLU after it
// Gain: TF.js writes the gradient of a batch norm as some twenty passes over activations; two are left. May go when students are
// recorded with kernels of their own for batch norm, layer norm and GELU.
// analysis.ts: which form a result has; choice.ts: what is computed in full; compute.ts: how; this file rewrites.
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from '../rewrite.js';
import {
  added,
  arithmetic,
  constantForm,
  divided,
  negated,
  product,
  reduced,
  subtracted,
} from './analysis.js';
import { Choice, isLarge } from './choice.js';
import { isSmall } from './coefficient.js';
import { type LinearForm, scaled } from './form.js';

/** `block`: channels in a block of ONNX Runtime's own convolutions; 0 where it has none. */
export function collectAffine(graph: Graph, block: number): Graph {
  const choice = new Choice(graph, block);
  const products = new Map<string, Value>();
  const sums = new Map<string, Value>();
  return rewrite(graph, (node, at) => {
    const output = node.outputs[0] as Value;
    const single = node.outputs.length === 1 && output.type === 'float32';
    if (single && (node.op === 'ReduceSum' || node.op === 'ReduceMean'))
      return (
        reduced(node, at, choice.forms.get(node.inputs[0] as Value), sums) ?? wholeOperands(node, at, choice)
      );
    if (!single || !isLarge(output) || !arithmetic.has(node.op))
      return rectified(node, at, choice) ?? wholeOperands(node, at, choice);
    const form = node.op === 'Expand' ? expanded(node, at) : combined(node, at, choice, products);
    if (form === 'as it stands') return undefined;
    if (!form) return wholeOperands(node, at, choice);
    // The node stays, and goes when nothing needs it.
    choice.forms.set(output, form);
    return undefined;
  });
}

/** The node on operands computed in full. */
function wholeOperands(node: Node, at: Rewriting, choice: Choice): readonly Value[] | undefined {
  const inputs = node.inputs.map((input) => input && choice.full(at, input));
  if (inputs.every((input, i) => input === node.inputs[i])) return undefined;
  return node.outputs.length === 1 ? [at.emit({ ...node, inputs }, node.outputs[0] as Value)] : undefined;
}

/** A ReLU within the convolution that computes its operand. */
function rectified(node: Node, at: Rewriting, choice: Choice): readonly Value[] | undefined {
  const [x] = node.inputs;
  if (node.op !== 'Relu' || !x || at.uses(x) !== 1) return undefined;
  const made = choice.full(at, x, 'Relu');
  return made !== x && made.type === 'float32' && rectifies(at, made) ? [made] : undefined;
}

function rectifies(at: Rewriting, made: Value): boolean {
  const node = at.producer(made);
  const conv = node?.op === 'Reshape' ? at.producer(node.inputs[0]) : node;
  return conv?.attributes.activation === 'Relu';
}

/** A small tensor spread out is a constant. */
function expanded(node: Node, at: Rewriting): LinearForm | 'as it stands' {
  const [x] = node.inputs as [Value];
  if (!isSmall(x.shape, (node.outputs[0] as Value).shape)) return 'as it stands';
  const number = uniformOf(at.constant(x));
  return constantForm(number === undefined ? { factor: 1, value: x } : { factor: number, value: undefined });
}

/** The form of a sum, difference, product or quotient. */
function combined(
  node: Node,
  at: Rewriting,
  choice: Choice,
  products: Map<string, Value>,
): LinearForm | undefined {
  const output = node.outputs[0] as Value;
  const [first, second] = node.inputs as [Value, Value | undefined];
  const a = choice.operand(at, first, output.shape);
  if (!a) return undefined;
  if (node.op === 'Neg') return negated(at, a, output.shape);
  const b = second && choice.operand(at, second, output.shape);
  if (!b) return undefined;
  if (node.op === 'Add') return added(at, a, b, output);
  if (node.op === 'Sub') return subtracted(at, a, b, output);
  if (node.op === 'Div') {
    if (b.terms.size > 0 || !b.constant) return undefined;
    return divided(at, choice.whole(at, first, a, b.constant), b.constant, output.shape);
  }
  if (b.terms.size === 0 && b.constant)
    return scaled(at, choice.whole(at, first, a, b.constant), b.constant, output.shape);
  if (a.terms.size === 0 && a.constant)
    return scaled(at, choice.whole(at, second, b, a.constant), a.constant, output.shape);
  return product(node, at, a, b, (value) => choice.full(at, value), products);
}
