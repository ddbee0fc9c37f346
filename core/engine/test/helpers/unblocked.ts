// Operators on images in blocks written as ONNX's own, so that graphs with them run everywhere and for blocks of any size.
import type { Graph, Node, Value } from '../../src/graph/graph.js';
import { ops } from '../../src/graph/blocked.js';
import {
  emitPad,
  emitReshape,
  emitTranspose,
  filled,
  toFirst,
  toLast,
} from '../../src/passes/blocked/layout.js';
import { rewrite, type Rewriting } from '../../src/passes/rewrite.js';

/** The same graph with what `ops` lists written out; `block` is that of the graph. */
export function unblocked(graph: Graph, block: number): Graph {
  return rewrite(graph, (node, at) => {
    const [x] = node.inputs as [Value];
    const output = node.outputs[0] as Value;
    switch (node.op) {
      case ops.to:
        return [toBlocks(at, x, block, output.shape)];
      case ops.from:
        return [fromBlocks(at, x, output.shape)];
      case ops.reorderInput:
        return [toBlocks(at, lastOf(node, at), block, output.shape)];
      case ops.reorderOutput:
        return [reorderOutput(node, at, block)];
      case ops.maxPool:
      case ops.averagePool: {
        const op = node.op === ops.maxPool ? 'MaxPool' : 'AveragePool';
        const y = at.emit({ op, inputs: [toChannels(at, x, block)], attributes: node.attributes }, output);
        return [toImage(at, y, block)];
      }
      case ops.conv:
        return [conv(node, at, block)];
      default:
        return undefined;
    }
  });
}

/** [n, h, w, c] to blocks, seen as `shape`. */
function toBlocks(at: Rewriting, x: Value, block: number, shape: readonly number[]): Value {
  const [n = 0, h = 0, w = 0, c = 0] = x.shape;
  const all = filled(c, block);
  const whole = x.type === 'float32' ? emitPad(at, x, [0, 0, 0, all - c]) : x;
  const split = emitReshape(at, whole, [n, h, w, all / block, block]);
  return emitReshape(at, emitTranspose(at, split, [0, 3, 1, 2, 4]), shape);
}

/** [n, blocks, h, w, block] to [n, h, w, c]. */
function fromBlocks(at: Rewriting, x: Value, shape: readonly number[]): Value {
  const [n = 0, blocks = 0, h = 0, w = 0, block = 0] = x.shape;
  const all = emitReshape(at, emitTranspose(at, x, [0, 2, 3, 1, 4]), [n, h, w, blocks * block]);
  if (shape[3] === all.shape[3]) return all;
  return at.emit(
    { op: 'Slice', inputs: [all, at.ints([0]), at.ints([shape[3] ?? 0]), at.ints([3])] },
    { shape, type: x.type },
  );
}

/** The image that a ReorderInput takes, channels last. */
function lastOf({ inputs, attributes }: Node, at: Rewriting): Value {
  const x = inputs[0] as Value;
  const last = attributes.channels_last === 1 ? x : emitTranspose(at, x, toLast);
  if ((last.shape[3] ?? 0) % 4 !== 0) throw new Error('ONNX Runtime reorders four channels at a time');
  return last;
}

function reorderOutput({ inputs, attributes }: Node, at: Rewriting, block: number): Value {
  const x = inputs[0] as Value;
  const [n = 0, all = 0, h = 0, w = 0] = x.shape;
  const blocks = emitReshape(at, x, [n, all / block, h, w, block]);
  const last = fromBlocks(at, blocks, [n, h, w, attributes.channels as number]);
  return attributes.channels_last === 1 ? last : emitTranspose(at, last, toFirst);
}

/** Blocks that are seen as [n, c, h, w] to channels first. */
function toChannels(at: Rewriting, x: Value, block: number): Value {
  const [n = 0, all = 0, h = 0, w = 0] = x.shape;
  const blocks = emitReshape(at, x, [n, all / block, h, w, block]);
  return emitReshape(at, emitTranspose(at, blocks, [0, 1, 4, 2, 3]), x.shape);
}

/** The other way. */
function toImage(at: Rewriting, x: Value, block: number): Value {
  return toBlocks(at, emitTranspose(at, x, toLast), block, x.shape);
}

/** A convolution with bias, another image added to it, and an activation. */
function conv({ inputs, attributes, outputs }: Node, at: Rewriting, block: number): Value {
  const [x, filter, bias, added] = inputs as [Value, Value, Value | undefined, Value | undefined];
  const output = outputs[0] as Value;
  const { activation, ...window } = attributes;
  if (activation !== undefined && activation !== 'Relu') throw new Error('an activation that is not known');
  const plain = (x.shape[1] ?? 0) < block;
  const image = plain ? x : toChannels(at, x, block);
  let y = at.emit(
    {
      op: 'Conv',
      inputs: [image, filterOf(at, filter, block, plain || window.group !== 1), ...(bias ? [bias] : [])],
      attributes: window,
    },
    output,
  );
  if (added) y = at.emit({ op: 'Add', inputs: [y, toChannels(at, added, block)] }, output);
  if (activation) y = at.emit({ op: 'Relu', inputs: [y] }, output);
  return toImage(at, y, block);
}

/** Blocks of outputs, or of outputs and inputs, to [out, in, h, w]. */
function filterOf(at: Rewriting, filter: Value, block: number, outputsOnly: boolean): Value {
  const [out = 0, inputs = 0, h = 0, w = 0] = filter.shape;
  const [split, perm] = outputsOnly
    ? [
        [out / block, inputs, h, w, block],
        [0, 4, 1, 2, 3],
      ]
    : [
        [out / block, inputs / block, h, w, block, block],
        [0, 5, 1, 4, 2, 3],
      ];
  return emitReshape(at, emitTranspose(at, emitReshape(at, filter, split), perm), filter.shape);
}
