// Writes what is left of `To` and `From` as operators that ONNX Runtime has.
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting } from '../rewrite.js';
import { emitReshape, emitTranspose, filled, ops, toFirst } from './layout.js';

export function writeBlocked(graph: Graph, block: number): Graph {
  if (block === 0) return graph;
  return rewrite(graph, (node, at) => {
    if (node.op === ops.to) return [toBlocks(node, at)];
    if (node.op === ops.from) return [fromBlocks(node, at)];
    return node.op === 'Transpose' ? straightToFirst(node, at) : undefined;
  });
}

function toBlocks(node: Node, at: Rewriting): Value {
  const x = node.inputs[0] as Value;
  const output = node.outputs[0] as Value;
  const [n = 0, h = 0, w = 0, c = 0] = x.shape;
  const block = output.shape[4] ?? 1;
  // One block, or one pixel: nothing moves.
  if (c === block || (h * w === 1 && c % block === 0)) return emitReshape(at, x, output.shape);
  if (x.type !== 'float32')
    return emitTranspose(at, emitReshape(at, x, [n, h, w, c / block, block]), [0, 3, 1, 2, 4]);
  const y = at.emit(
    { op: ops.reorderInput, inputs: [x], attributes: { channels_last: 1 } },
    { shape: [n, filled(c, block), h, w], type: x.type },
  );
  return emitReshape(at, y, output.shape);
}

function fromBlocks(node: Node, at: Rewriting): Value {
  const x = node.inputs[0] as Value;
  const output = node.outputs[0] as Value;
  const [n = 0, blocks = 0, h = 0, w = 0, block = 1] = x.shape;
  const [, , , channels = 0] = output.shape;
  if (channels === blocks * block && (blocks === 1 || h * w === 1)) return emitReshape(at, x, output.shape);
  if (x.type !== 'float32') return emitReshape(at, emitTranspose(at, x, [0, 2, 3, 1, 4]), output.shape);
  return at.emit(
    {
      op: ops.reorderOutput,
      inputs: [emitReshape(at, x, [n, blocks * block, h, w])],
      attributes: { channels, channels_last: 1 },
    },
    output,
  );
}

/** Blocks to channels first, in one step. */
function straightToFirst(node: Node, at: Rewriting): Value[] | undefined {
  if (String(node.attributes.perm) !== String(toFirst)) return undefined;
  const reorder = at.producer(node.inputs[0]);
  if (reorder?.op !== ops.reorderOutput) return undefined;
  return [
    at.emit(
      {
        op: ops.reorderOutput,
        inputs: reorder.inputs,
        attributes: { ...reorder.attributes, channels_last: 0 },
      },
      node.outputs[0] as Value,
    ),
  ];
}
