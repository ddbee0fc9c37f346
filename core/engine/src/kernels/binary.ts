// Elementwise kernels of two operands with broadcasting: arithmetic, comparison, logic.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import type { DType } from '../host-tensor.js';
import { where } from './emit.js';
import { broadcastShapes, operand, opName, shaped, wider } from './operands.js';
import type { KernelRule, KernelTable } from './rule.js';

type Emit = (graph: GraphBuilder, a: Value, b: Value) => Value;

/** The type a kernel computes in, from the wider of its operands. */
type Within = (type: DType) => DType;

const numeric: Within = (type) => (type === 'bool' ? 'int32' : type);
const floating: Within = () => 'float32';
const asItIs: Within = (type) => type;
const logical: Within = () => 'bool';

/** A kernel `a`, `b` -> broadcast shape. The result has the dtype of `a` unless `gives` says otherwise. */
function binary(kernel: string, within: Within, emit: Emit, gives?: DType): KernelRule {
  return {
    shapes(inputs) {
      const a = operand(inputs, 'a');
      const b = operand(inputs, 'b');
      return [shaped(broadcastShapes(a.shape, b.shape, opName(kernel)), gives ?? a.dtype)];
    },
    lower({ graph, inputs, outputs }) {
      const a = operand(inputs, 'a');
      const b = operand(inputs, 'b');
      const type = within(wider(a.type as DType, b.type as DType));
      const y = emit(graph, graph.cast(a, type), graph.cast(b, type));
      return [graph.cast(y, outputs[0]?.dtype ?? type)];
    },
  };
}

const named =
  (op: string): Emit =>
  (graph, a, b) =>
    graph.binary(op, a, b);

const comparing =
  (op: string): Emit =>
  (graph, a, b) =>
    graph.binary(op, a, b, 'bool');

const squaredDifference: Emit = (graph, a, b) => {
  const difference = graph.binary('Sub', a, b);
  return graph.binary('Mul', difference, difference);
};

/** The remainder takes the sign of the divisor, as in Python. */
const mod: Emit = (graph, a, b) => {
  const remainder = (x: Value, y: Value): Value =>
    graph.op('Mod', [x, y], broadcastShapes(x.shape, y.shape, 'mod'), x.type, { fmod: 1 });
  const zero = graph.scalar(0);
  const sameSign = graph.binary(
    'Equal',
    graph.binary('Less', a, zero, 'bool'),
    graph.binary('Less', b, zero, 'bool'),
    'bool',
  );
  const rest = remainder(a, b);
  return where(graph, sameSign, rest, remainder(graph.binary('Add', rest, b), b));
};

/** ONNX has atan only: the quadrants on the left are turned by pi, and the axis where b is 0 is named. */
const atan2: Emit = (graph, a, b) => {
  const zero = graph.scalar(0);
  const below = graph.binary('Less', a, zero, 'bool');
  const turn = where(graph, below, graph.scalar(-Math.PI), graph.scalar(Math.PI));
  const left = graph.binary('Less', b, zero, 'bool');
  const angle = graph.unary('Atan', graph.binary('Div', a, b));
  const turned = graph.binary('Add', angle, where(graph, left, turn, zero));
  const vertical = graph.binary('Mul', graph.unary('Sign', a), graph.scalar(Math.PI / 2));
  return where(graph, graph.binary('Equal', b, zero, 'bool'), vertical, turned);
};

/** Integers are divided in float32: exact up to 2^24, and a zero divisor does not stop the process. */
const quotient: Emit = named('Div');

const table = {
  Add: [numeric, named('Add')],
  Atan2: [floating, atan2],
  BitwiseAnd: [() => 'int32', named('BitwiseAnd')],
  Equal: [asItIs, comparing('Equal'), 'bool'],
  FloorDiv: [floating, (graph, a, b) => graph.unary('Floor', quotient(graph, a, b)), 'int32'],
  Greater: [numeric, comparing('Greater'), 'bool'],
  GreaterEqual: [numeric, comparing('GreaterOrEqual'), 'bool'],
  Less: [numeric, comparing('Less'), 'bool'],
  LessEqual: [numeric, comparing('LessOrEqual'), 'bool'],
  LogicalAnd: [logical, comparing('And'), 'bool'],
  LogicalOr: [logical, comparing('Or'), 'bool'],
  LogicalXor: [logical, comparing('Xor'), 'bool'],
  Maximum: [numeric, named('Max')],
  Minimum: [numeric, named('Min')],
  Mod: [floating, mod],
  Multiply: [numeric, named('Mul')],
  NotEqual: [asItIs, (graph, a, b) => graph.unary('Not', comparing('Equal')(graph, a, b)), 'bool'],
  Pow: [numeric, named('Pow')],
  RealDiv: [floating, quotient],
  SquaredDifference: [numeric, squaredDifference],
  Sub: [numeric, named('Sub')],
} satisfies Record<string, readonly [Within, Emit, DType?]>;

export const binaryKernels: KernelTable = Object.fromEntries(
  Object.entries(table as Record<string, readonly [Within, Emit, DType?]>).map(
    ([kernel, [within, emit, gives]]) => [kernel, binary(kernel, within, emit, gives)],
  ),
);
