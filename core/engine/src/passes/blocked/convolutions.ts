// block-convolutions: ONNX Runtime's convolutions over blocked channels in place of those over plain ones.
//   before: y = Conv(Transpose(x, NCHW), w)
//   after:  y = Transpose(From(blocked Conv(To(x), w in blocks)), NCHW)
// Gain: they take half the time, but ONNX Runtime uses them by itself only where filters are constants, which in training they are
// not. May go when ONNX Runtime blocks convolutions whose filters are inputs. docs/decisions/0017-blocked-layout.md
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting } from '../rewrite.js';
import { ops } from '../../graph/blocked.js';
import {
  emitFrom,
  emitPad,
  emitReshape,
  emitTo,
  emitTranspose,
  filled,
  isTranspose,
  toFirst,
  toLast,
  windowAttributes,
} from './layout.js';

/** With fewer channels than this on either side, blocks are mostly filling. */
const fewest = 8;

/** `block`: channels in a block, as this machine's ONNX Runtime has them; 0 where it has none. */
export function blockConvolutions(graph: Graph, block: number): Graph {
  if (block === 0) return graph;
  return rewrite(graph, (node, at) => {
    if (node.op !== 'Conv' || node.inputs[0]?.shape.length !== 4) return undefined;
    const sums = depthwiseSums(node, at, block);
    if (sums) return [sums];
    const made = blockedConv(node, at, block);
    if (!made) return undefined;
    const [, channels = 0] = node.outputs[0]?.shape ?? [];
    return [emitTranspose(at, emitFrom(at, made, channels), toFirst)];
  });
}

function blockedConv(node: Node, at: Rewriting, block: number): Value | undefined {
  const [x, filter, bias] = node.inputs as [Value, Value, Value | undefined];
  const [output] = node.outputs as [Value];
  const [batch = 0, out = 0, height = 0, width = 0] = output.shape;
  const [, channels = 0] = x.shape;
  const group = node.attributes.group as number | undefined;
  const depthwise = group === channels && out === channels;
  if (batch * height * width === 0 || out < fewest || !((group ?? 1) === 1 || depthwise)) return undefined;
  const outs = filled(out, block);
  // Images of few channels stay as they are; their filters are blocked by outputs alone.
  const plain = channels < fewest;
  if (plain && depthwise) return undefined;
  // ONNX Runtime's reordering moves four channels at a time.
  if (!plain && channels % 4 !== 0) return undefined;
  const image = plain ? x : blockedImage(at, x, block);
  const weights = depthwise
    ? depthwiseFilter(at, filter, block)
    : blockedFilter(at, filter, block, plain ? undefined : filled(channels, block));
  const y = at.emit(
    {
      op: ops.conv,
      inputs: [image, weights, ...(bias ? [emitPad(at, bias, [outs - out])] : [])],
      attributes: { ...windowAttributes(node), group: depthwise ? outs : 1 },
    },
    { shape: [batch, outs, height, width], type: 'float32' },
  );
  return emitReshape(at, y, [batch, outs / block, height, width, block]);
}

/**
 * The gradient of depthwise filters: a convolution over the channels of all images as if they were one image's. In blocks the
 * images lie as they are, and are filters as they are.
 */
function depthwiseSums(node: Node, at: Rewriting, block: number): Value | undefined {
  const output = node.outputs[0] as Value;
  const images = node.inputs.map((input) => {
    const reshape = at.producer(input);
    const image = reshape?.op === 'Reshape' ? reshape.inputs[0] : undefined;
    const samePixels = String(image?.shape.slice(2)) === String(input?.shape.slice(2));
    return image?.shape.length === 4 && samePixels ? image : undefined;
  });
  const [x, dy] = images;
  const [n = 0, channels = 0] = x?.shape ?? [];
  if (!x || !dy || n * channels !== node.attributes.group || node.inputs[0]?.shape[0] !== 1) return undefined;
  if (channels % 4 !== 0 || channels < fewest) return undefined;
  const [, , height = 0, width = 0] = output.shape;
  const [image, filter] = [blockedImage(at, x, block), blockedImage(at, dy, block)];
  const all = image.shape[1] ?? 0;
  const y = at.emit(
    {
      op: ops.conv,
      inputs: [
        emitReshape(at, image, [1, n * all, ...image.shape.slice(2)]),
        emitReshape(at, filter, [n * all, 1, ...filter.shape.slice(2)]),
      ],
      attributes: { ...windowAttributes(node), group: n * all },
    },
    { shape: [1, n * all, height, width], type: 'float32' },
  );
  const from = emitFrom(at, emitReshape(at, y, [n, all / block, height, width, block]), channels);
  return emitReshape(at, emitTranspose(at, from, toFirst), output.shape);
}

/** As the operator expects it: blocked, but with four axes. */
function blockedImage(at: Rewriting, x: Value, block: number): Value {
  const transpose = at.producer(x);
  const last = isTranspose(transpose, toFirst)
    ? (transpose.inputs[0] as Value)
    : emitTranspose(at, x, toLast);
  const blocked = emitTo(at, last, block);
  const [n = 0, blocks = 0, h = 0, w = 0] = blocked.shape;
  return emitReshape(at, blocked, [n, blocks * block, h, w]);
}

/** [out, in, h, w] to [out / block, in / block, h, w, block of in, block of out]; without `ins`, in is not blocked. */
function blockedFilter(at: Rewriting, filter: Value, block: number, ins: number | undefined): Value {
  const [out = 0, inputs = 0] = filter.shape;
  const outs = filled(out, block);
  // The filter before its transpose, so that both are one; `axis[i]` is where axis i of the filter is there.
  const transpose = at.producer(filter);
  const direct = transpose?.op === 'Transpose';
  const source = direct ? (transpose.inputs[0] as Value) : filter;
  const axis = direct ? (transpose.attributes.perm as readonly number[]) : [0, 1, 2, 3];
  const [o = 0, i = 1, h = 2, w = 3] = axis;
  const missing = source.shape.map((_, a) =>
    a === o ? outs - out : a === i && ins !== undefined ? ins - inputs : 0,
  );
  const whole = emitPad(at, source, missing);
  // Splits the blocked axes in two; `at[a]` is where the first part of axis a is then.
  const split: number[] = [];
  const position: number[] = [];
  whole.shape.forEach((length, a) => {
    position[a] = split.length;
    const blocked = a === o || (a === i && ins !== undefined);
    split.push(...(blocked ? [length / block, block] : [length]));
  });
  const place = (a: number): number => position[a] ?? 0;
  const perm = [
    place(o),
    place(i),
    place(h),
    place(w),
    ...(ins === undefined ? [] : [place(i) + 1]),
    place(o) + 1,
  ];
  const arranged = emitTranspose(at, emitReshape(at, whole, split), perm);
  return emitReshape(at, arranged, [outs, ins ?? inputs, filter.shape[2] ?? 1, filter.shape[3] ?? 1]);
}

/** [channels, 1, h, w] to [channels / block, 1, h, w, block]. */
function depthwiseFilter(at: Rewriting, filter: Value, block: number): Value {
  const [channels = 0, , h = 1, w = 1] = filter.shape;
  const all = filled(channels, block);
  const whole = emitPad(at, filter, [all - channels, 0, 0, 0]);
  const split = emitReshape(at, whole, [all / block, block, h, w]);
  return emitReshape(at, emitTranspose(at, split, [0, 2, 3, 1]), [all, 1, h, w]);
}
