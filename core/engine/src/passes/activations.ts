// mask-from-relu and fuse-conv-bias: let ONNX Runtime fuse a product, its bias and its ReLU into one operator.
//   mask-from-relu   before: r = Relu(x); m = Greater(x, 0)    after: r = Relu(x); m = Greater(r, 0)
//   fuse-conv-bias   before: y = Add(Conv(x, w), b [C, 1, 1])  after: y = Conv(x, w, b)
// Gain: mask-from-relu leaves the value before the ReLU without further use, so that it is never written (blocked
// convolutions rectify by themselves). fuse-conv-bias saves a pass over the activation where convolutions are not blocked;
// ONNX Runtime does the same only for filters that are constants. May go when it does so for all.
import type { Attribute, Graph, Node, Value } from '../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from './rewrite.js';

/** A ReLU's gradient looks at the sign of its input; its output tells the same, and then nothing else needs the input. */
export function maskFromRelu(graph: Graph): Graph {
  const rectified = new Map<Value, Value>();
  return rewrite(graph, (node, at) => {
    const [x, ...rest] = node.inputs;
    const output = node.outputs[0] as Value;
    if (!x) return undefined;
    if (node.op === 'Relu') rectified.set(x, output);
    const relu = rectified.get(x);
    return relu && ignoresNegative(node, at)
      ? [at.emit({ ...node, inputs: [relu, ...rest] }, output)]
      : undefined;
  });
}

/** Whether a node gives the same for a negative number as for 0: x > 0, and clipping from 0 upwards. */
function ignoresNegative({ op, inputs, attributes }: Node, at: Rewriting): boolean {
  const numbers = inputs.slice(1).map((input) => uniformOf(at.constant(input)));
  if (op === 'Greater') return numbers[0] === 0;
  // A step.
  if (op === 'HardSigmoid') return floatOf(attributes.beta) === 0 && (floatOf(attributes.alpha) ?? 1) >= 0;
  return op === 'Clip' && numbers[0] === 0 && (inputs[2] === undefined || (numbers[1] ?? -1) >= 0);
}

function floatOf(attribute: Attribute | undefined): number | undefined {
  return typeof attribute === 'object' && 'float' in attribute ? attribute.float : undefined;
}

/** A convolution and what is added to each channel become one Conv with a bias. */
export function fuseConvBias(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    if (node.op !== 'Add') return undefined;
    const [a, b] = node.inputs;
    const output = node.outputs[0] as Value;
    if (!a || !b) return undefined;
    return biased(a, b, output, at) ?? biased(b, a, output, at);
  });
}

function biased(product: Value, bias: Value, output: Value, at: Rewriting): Value[] | undefined {
  const conv: Node | undefined = at.producer(product);
  if (conv?.op !== 'Conv' || conv.inputs[2] || at.uses(product) !== 1) return undefined;
  const { shape } = product;
  const channels = shape[1] as number;
  // [C, 1, 1] or [1, C, 1, 1]: the same number everywhere in a channel.
  const padded = [...shape.map(() => 1).slice(bias.shape.length), ...bias.shape];
  const perChannel = padded.every((length, axis) => length === (axis === 1 ? channels : 1));
  if (!perChannel || String(output.shape) !== String(shape)) return undefined;
  const flat = at.producer(bias);
  const source = flat?.op === 'Reshape' ? flat.inputs[0] : undefined;
  const vector =
    source?.shape.length === 1
      ? source
      : at.emit(
          { op: 'Reshape', inputs: [bias, at.ints([channels])] },
          { shape: [channels], type: bias.type },
        );
  return [at.emit({ ...conv, inputs: [conv.inputs[0], conv.inputs[1], vector] }, output)];
}
