// fuse-blocked-bias: lets convolutions over blocked channels add their bias and rectify by themselves.
//   before: y = Relu(Add(blocked Conv(x, w), b))
//   after:  y = blocked Conv(x, w, b, activation = Relu)
// Gain: two passes over the activation, for convolutions without batch norm (collect-affine does those with it). Goes with
// block-convolutions.
import { sizeOf } from '../../graph/builder.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting } from '../rewrite.js';
import { ops } from '../../graph/blocked.js';
import { emitReshape } from './layout.js';

export function fuseBlockedBias(graph: Graph): Graph {
  const biased = rewrite(graph, (node, at) => {
    if (node.op !== 'Add') return undefined;
    const [a, b] = node.inputs as [Value, Value];
    return withBias(node, a, b, at) ?? withBias(node, b, a, at);
  });
  // A second pass, so that uses are counted again.
  return rewrite(biased, (node, at) => {
    const conv = node.op === 'Relu' ? convBehind(node.inputs[0], at) : undefined;
    if (!conv || conv.attributes.activation !== undefined) return undefined;
    return [again(conv, conv.inputs, { ...conv.attributes, activation: 'Relu' }, node, at)];
  });
}

/** The convolution that makes a blocked value which nothing else uses. */
function convBehind(value: Value | undefined, at: Rewriting): Node | undefined {
  const reshape = at.producer(value);
  if (!value || reshape?.op !== 'Reshape' || value.shape.length !== 5 || at.uses(value) !== 1)
    return undefined;
  const [inner] = reshape.inputs as [Value];
  const conv = at.producer(inner);
  return conv?.op === ops.conv && at.uses(inner) === 1 ? conv : undefined;
}

function again(
  conv: Node,
  inputs: Node['inputs'],
  attributes: Node['attributes'],
  { outputs }: Node,
  at: Rewriting,
): Value {
  const y = at.emit({ op: ops.conv, inputs, attributes }, conv.outputs[0] as Value);
  return emitReshape(at, y, outputs[0]?.shape ?? []);
}

function withBias(node: Node, product: Value, bias: Value, at: Rewriting): Value[] | undefined {
  const conv = convBehind(product, at);
  const [, blocks = 0, , , block = 0] = product.shape;
  const channels = blocks * block;
  const perChannel =
    sizeOf(bias.shape) === channels && bias.shape.at(-1) === block && bias.shape.at(-4) === blocks;
  if (!conv || conv.inputs[2] || conv.inputs[3] || conv.attributes.activation !== undefined || !perChannel)
    return undefined;
  const [x, filter] = conv.inputs;
  return [again(conv, [x, filter, emitReshape(at, bias, [channels])], conv.attributes, node, at)];
}
