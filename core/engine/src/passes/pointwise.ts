// pointwise-products: convolutions of one pixel as matrix products over all pixels, which need no transposes around them.
//   before: t = Transpose(x, NCHW); y = Conv(t, w [out, in, 1, 1])
//   after:  y = Transpose(Reshape(Gemm(Reshape(x, [pixels, in]), w^T)), NCHW)
// Gain: only where convolutions are not blocked (block-convolutions comes first): machines without AVX, odd channel counts, exported
// files. May go when all of those have blocked convolutions.
import { sizeOf } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { emitReshape, isTranspose } from './blocked/layout.js';
import { rewrite, type Rewriting } from './rewrite.js';

export function pointwiseProducts(graph: Graph): Graph {
  return rewrite(graph, (node, at) => (node.op === 'Conv' ? asProduct(node, at) : undefined));
}

function asProduct(node: Node, at: Rewriting): Value[] | undefined {
  const [x, filter, bias] = node.inputs as [Value, Value, Value | undefined];
  const output = node.outputs[0] as Value;
  const list = (name: string): readonly number[] => node.attributes[name] as readonly number[];
  const spatial = x.shape.length - 2;
  const one = (n: number): boolean => n === 1;
  if (!list('kernel_shape').every(one) || list('pads').some((n) => n !== 0) || node.attributes.group !== 1)
    return undefined;
  const axes = Array.from({ length: spatial }, (_, i) => i + 1);
  const toFirst = [0, spatial + 1, ...axes];
  const transpose = at.producer(x);
  if (!isTranspose(transpose, toFirst)) return undefined;
  const image = transpose.inputs[0] as Value;
  const [batch = 0, out = 0, ...pixels] = output.shape;
  const channels = image.shape.at(-1) ?? 0;
  const rows = batch * sizeOf(pixels);
  const emit = (
    op: string,
    inputs: Node['inputs'],
    shape: readonly number[],
    attributes: Node['attributes'] = {},
  ) => at.emit({ op, inputs, attributes }, { shape, type: 'float32' });
  // Strides leave pixels out.
  const seen = list('strides').every(one)
    ? image
    : emit(
        'Slice',
        [
          image,
          at.ints(axes.map(() => 0)),
          at.ints(pixels.map((n, i) => (n - 1) * (list('strides')[i] ?? 1) + 1)),
          at.ints(axes),
          at.ints(list('strides')),
        ],
        [batch, ...pixels, channels],
      );
  const flat = emitReshape(at, seen, [rows, channels]);
  const weights = emitReshape(at, filter, [out, channels]);
  const y = emit('Gemm', [flat, weights, ...(bias ? [bias] : [])], [rows, out], { transB: 1 });
  const last = emitReshape(at, y, [batch, ...pixels, out]);
  return [emit('Transpose', [last], output.shape, { perm: toFirst })];
}
