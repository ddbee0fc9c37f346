// numeric-masks: masks of numbers instead of booleans, which ONNX Runtime casts slowly.
//   before: m = Cast(LessOrEqual(x, 6), float32)          t = Cast(Equal(labels, [0, 1, 2, ...]), float32)
//   after:  m = HardSigmoid(x, steep slope)               t = OneHot(labels, depth)
// Gain: a pass over booleans less (ReLU6's gradient), and labels of many classes. May go when ONNX Runtime's Cast of booleans is
// vectorised.
import { sizeOf } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from './rewrite.js';

/** Below this many elements a mask is as quick either way. */
const fewest = 4096;

export function numericMasks(graph: Graph): Graph {
  return rewrite(graph, (node, at) => {
    const output = node.outputs[0] as Value;
    if (node.op !== 'Cast' || output.type !== 'float32' || sizeOf(output.shape) < fewest) return undefined;
    const test = at.producer(node.inputs[0]);
    if (test?.inputs[0]?.type === undefined) return undefined;
    return test.op === 'Equal' ? oneHot(test, output, at) : threshold(test, output, at);
  });
}

/**
 * `x <= c` and `x > c` as a hard sigmoid that rises from 0 to 1 between two neighbouring numbers: with a slope of one over their
 * distance, slope * x and slope * c are whole numbers below 2^24, so nothing is rounded.
 */
function threshold(test: Node, output: Value, at: Rewriting): Value[] | undefined {
  const [x, limit] = test.inputs as [Value, Value];
  const c = uniformOf(at.constant(limit));
  if (
    x.type !== 'float32' ||
    String(x.shape) !== String(output.shape) ||
    c === undefined ||
    !(Math.abs(c) >= 2 ** -60)
  )
    return undefined;
  const slope = 2 ** (23 - Math.floor(Math.log2(Math.abs(c))));
  const [alpha, beta] =
    test.op === 'LessOrEqual' && c > 0
      ? [-slope, 1 + slope * c]
      : test.op === 'Greater' && c > 0
        ? [slope, -slope * c]
        : [0, 0];
  if (alpha === 0 || !Number.isFinite(Math.fround(beta)) || Math.fround(beta) !== beta) return undefined;
  return [
    at.emit(
      { op: 'HardSigmoid', inputs: [x], attributes: { alpha: { float: alpha }, beta: { float: beta } } },
      output,
    ),
  ];
}

/** Numbers compared with 0, 1, 2, …: ones written into zeros. ONNX counts negative numbers from the end, so they are moved out of range. */
function oneHot(test: Node, output: Value, at: Rewriting): Value[] | undefined {
  const [numbers, classes] = test.inputs as [Value, Value];
  const list = at.constant(classes);
  const depth = output.shape.at(-1) ?? 0;
  if (numbers.type !== 'int32' || list?.length !== depth || numbers.shape.at(-1) !== 1) return undefined;
  if (!(list instanceof Int32Array) || !list.every((n, i) => n === i)) return undefined;
  const shape = numbers.shape.slice(0, -1);
  if (String([...shape, depth]) !== String(output.shape)) return undefined;
  const scalar = (n: number): Value => at.make(Int32Array.of(n), [], 'int32');
  const emit = (
    op: string,
    inputs: Node['inputs'],
    like: Pick<Value, 'shape' | 'type'>,
    attributes: Node['attributes'] = {},
  ) => at.emit({ op, inputs, attributes }, like);
  const flat = emit('Reshape', [numbers, at.ints(shape)], { shape, type: 'int32' }, { allowzero: 1 });
  const negative = emit('Less', [flat, scalar(0)], { shape, type: 'bool' });
  const safe = emit('Where', [negative, scalar(depth), flat], { shape, type: 'int32' });
  const wide = emit('Cast', [safe], { shape, type: 'int64' }, { to: 7 });
  const values = at.make(Float32Array.of(0, 1), [2], 'float32');
  return [
    emit('OneHot', [wide, at.make(BigInt64Array.of(BigInt(depth)), [], 'int64'), values], output, {
      axis: -1,
    }),
  ];
}
