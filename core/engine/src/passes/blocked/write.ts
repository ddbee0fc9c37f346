// write-blocked: writes what is left of `To` and `From` as operators that ONNX Runtime has.
//   before: b = To(x); y = From(b)
//   after:  b = ReorderInput(x); y = ReorderOutput(b), or a Reshape where nothing moves (one block, one pixel)
// Gain: none by itself; a graph with blocks does not run without it. Goes with block-convolutions.
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting } from '../rewrite.js';
import { ops } from '../../graph/blocked.js';
import { emitReshape, emitTranspose, filled, inTwoTurns, isTranspose, toFirst } from './layout.js';

export function writeBlocked(graph: Graph, block: number): Graph {
  if (block === 0) return graph;
  return rewrite(graph, (node, at) => {
    if (node.op === ops.to) return [toBlocks(node, at)];
    if (node.op === ops.from) return [fromBlocks(node, at)];
    if (inTwoTurns.has(node.op)) return overPixels(node, at);
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
  if (!isTranspose(node, toFirst)) return undefined;
  const reorder = at.producer(node.inputs[0]);
  if (reorder?.op !== ops.reorderOutput || reorder.attributes.channels_last !== 1) return undefined;
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

/** Over the pixels of all blocked images: image by image first, which is quicker and rounds less. */
function overPixels(node: Node, at: Rewriting): Value[] | undefined {
  const [x, axesValue] = node.inputs as [Value, Value | undefined];
  const list = at.constant(axesValue);
  if (x.shape.length !== 5 || !list) return undefined;
  const axes = Array.from(list as ArrayLike<bigint>, Number)
    .sort()
    .join();
  if (axes !== '0,2,3' && axes !== '2,3') return undefined;
  const [n = 0, blocks = 0, h = 0, w = 0, block = 0] = x.shape;
  const reduce = (value: Value, axis: number): Value =>
    at.emit(
      { op: node.op, inputs: [value, at.ints([axis])], attributes: { keepdims: 0 } },
      { shape: value.shape.filter((_, i) => i !== axis), type: value.type },
    );
  const perImage = reduce(emitReshape(at, x, [n * blocks, h * w, block]), 1);
  const whole = axes === '2,3' ? perImage : reduce(emitReshape(at, perImage, [n, blocks * block]), 0);
  return [emitReshape(at, whole, node.outputs[0]?.shape ?? [])];
}
