// keep-blocked: keeps images in blocks through all that is done to them between convolutions: elementwise operators, pools, sums
// over pixels.
//   before: b = To(Relu(From(a)))          s = ReduceSum(From(a), [0, 1, 2])
//   after:  b = Relu(a)                    s = Reshape(ReduceSum(a, [0, 2, 3]))
// Gain: the reorderings around every convolution, two passes over each activation. Goes with block-convolutions.
import type { Graph, Node, Value } from '../../graph/graph.js';
import { sizeOf } from '../../graph/builder.js';
import { elementwise } from '../elementwise.js';
import { rewrite, type Rewriting } from '../rewrite.js';
import { composedTranspose } from '../shuffles.js';
import { ops } from '../../graph/blocked.js';
import { blockedBehind, emitFrom, emitReshape, emitTo, inTwoTurns } from './layout.js';
import { throughPool, throughUnpool } from './pools.js';

export function keepBlocked(graph: Graph, block: number): Graph {
  if (block === 0) return graph;
  return rewrite(graph, (node, at) => {
    if (node.outputs.length > 1) return undefined;
    // At once, so that layouts meet.
    if (node.op === 'Transpose') return composedTranspose(node, at);
    if (node.op === 'MaxPool' || node.op === 'AveragePool') return throughPool(node, at);
    if (node.op === 'MaxUnpool') return throughUnpool(node, at, block);
    if (node.op === ops.to) return metHalfway(node, at);
    if (elementwise.has(node.op)) return throughElementwise(node, at, block);
    return node.op.startsWith('Reduce') ? throughReduction(node, at) : undefined;
  });
}

/** To(From(x)) is x. */
function metHalfway(node: Node, at: Rewriting): Value[] | undefined {
  const from = at.producer(node.inputs[0]);
  const source = from?.op === ops.from ? from.inputs[0] : undefined;
  if (!source || String(source.shape) !== String(node.outputs[0]?.shape)) return undefined;
  // Only convolutions leave zeros in what fills the last block.
  const made = at.producer(source);
  const view = made?.op === 'Reshape' ? at.producer(made.inputs[0]) : made;
  return blockedBehind(at, node.inputs[0]) || view?.op === ops.conv ? [source] : undefined;
}

function throughElementwise(node: Node, at: Rewriting, block: number): Value[] | undefined {
  const output = node.outputs[0] as Value;
  if (output.shape.length !== 4 || !node.inputs.some((input) => blockedBehind(at, input))) return undefined;
  const operands = node.inputs.map((input) => input && inBlocks(at, input, output, block));
  if (operands.some((operand, i) => !operand && node.inputs[i])) return undefined;
  const [n = 0, h = 0, w = 0, c = 0] = output.shape;
  const inner = at.emit(
    { ...node, inputs: operands },
    { shape: [n, c / block, h, w, block], type: output.type },
  );
  return [emitFrom(at, inner, c)];
}

/** An operand as it is among blocks; undefined when it cannot be without more work than it saves. */
function inBlocks(at: Rewriting, value: Value, output: Value, block: number): Value | undefined {
  const blocked = blockedBehind(at, value);
  if (blocked) return blocked;
  if (sizeOf(value.shape) === 1) return value;
  // A value spread over the image is taken as it was before.
  const producer = at.producer(value);
  const narrow = producer?.op === 'Expand' ? (producer.inputs[0] as Value) : value;
  if (sizeOf(narrow.shape) === 1) return narrow;
  const [n = 1, h = 1, w = 1, c = 1] = [
    ...new Array<number>(4 - narrow.shape.length).fill(1),
    ...narrow.shape,
  ];
  if (c === 1) return emitReshape(at, narrow, [n, 1, h, w, 1]);
  if (h * w === 1) return emitReshape(at, narrow, [n, c / block, 1, 1, block]);
  if (String(narrow.shape) !== String(output.shape) || narrow.type !== 'float32') return undefined;
  return emitTo(at, narrow, block);
}

/** Sums and the like over pixels, image by image or over all. */
function throughReduction(node: Node, at: Rewriting): Value[] | undefined {
  const source = blockedBehind(at, node.inputs[0]);
  const output = node.outputs[0] as Value;
  const list = at.constant(node.inputs[1]);
  if (!source || !list || !inTwoTurns.has(node.op)) return undefined;
  const axes = [...new Set(Array.from(list as ArrayLike<bigint>, Number))].sort().join();
  if (axes !== '0,1,2' && axes !== '1,2') return undefined;
  const inner = axes === '1,2' ? [2, 3] : [0, 2, 3];
  const reduced = at.emit(
    { op: node.op, inputs: [source, at.ints(inner)], attributes: { keepdims: 0 } },
    { shape: source.shape.filter((_, i) => !inner.includes(i)), type: source.type },
  );
  return [emitReshape(at, reduced, output.shape)];
}
