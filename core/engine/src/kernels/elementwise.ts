// Elementwise kernels of one operand: math, rounding, tests of values.
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { stepAttributes } from '../graph/step.js';
import type { DType } from '../host-tensor.js';
import { scalar, where } from './emit.js';
import { numberOf, operand, shaped } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable } from './rule.js';

type Emit = (graph: GraphBuilder, x: Value, attributes: KernelAttributes) => Value;

interface UnaryOptions {
  /** dtype of the result; default that of the operand. */
  readonly gives?: DType;
  /** True when ONNX Runtime has the operator for int32; otherwise integers go through float32. */
  readonly int32?: boolean;
}

/** A kernel `x` -> same shape. Operands that are not float32 are computed in float32 and cast back, as TF.js rounds on storing. */
function unary(emit: Emit, { gives, int32 = false }: UnaryOptions = {}): KernelRule {
  return {
    shapes(inputs) {
      const x = operand(inputs, 'x');
      return [shaped(x.shape, gives ?? x.dtype)];
    },
    lower({ graph, inputs, attributes, outputs }) {
      const x = operand(inputs, 'x');
      const y = emit(graph, x.type === 'int32' && int32 ? x : graph.cast(x, 'float32'), attributes);
      return [graph.cast(y, outputs[0]?.dtype ?? 'float32')];
    },
  };
}

const named =
  (op: string): Emit =>
  (graph, x) =>
    graph.unary(op, x);

/** Kahan's log(1+x): the rounding of 1+x is divided out. The last choice keeps +Infinity. */
const log1p: Emit = (graph, x) => {
  const one = graph.scalar(1);
  const u = graph.binary('Add', x, one);
  const d = graph.binary('Sub', u, one);
  const corrected = graph.binary('Mul', graph.unary('Log', u), graph.binary('Div', x, d));
  const exact = graph.binary('Equal', d, graph.scalar(0), 'bool');
  const infinite = graph.unary('IsInf', x, { detect_negative: 0 }, 'bool');
  return where(graph, graph.binary('Or', exact, infinite), x, corrected);
};

/** tanh(x/2) (e^x + 1) has no cancellation near 0. */
const expm1: Emit = (graph, x) =>
  graph.binary(
    'Mul',
    graph.unary('Tanh', graph.binary('Mul', x, graph.scalar(0.5))),
    graph.binary('Add', graph.unary('Exp', x), graph.scalar(1)),
  );

/** 1 above zero, else `alpha`: one pass, without a bool tensor. */
const step: Emit = (graph, x, attributes) => {
  const alpha = numberOf(attributes, 'alpha', 0);
  const above = graph.unary('HardSigmoid', x, stepAttributes);
  if (alpha === 0) return above;
  const rise = graph.binary('Mul', above, graph.scalar(1 - alpha));
  return graph.binary('Add', rise, graph.scalar(alpha));
};

const finite: Emit = (graph, x) =>
  graph.unary(
    'Not',
    graph.binary('Or', graph.unary('IsInf', x, {}, 'bool'), graph.unary('IsNaN', x, {}, 'bool')),
  );

const clip: Emit = (graph, x, attributes) =>
  graph.op(
    'Clip',
    [
      x,
      scalar(graph, numberOf(attributes, 'clipValueMin'), x.type),
      scalar(graph, numberOf(attributes, 'clipValueMax'), x.type),
    ],
    x.shape,
    x.type,
  );

/** Relu6 and friends share Clip's bounds. */
const relu6: Emit = (graph, x) => clip(graph, x, { clipValueMin: 0, clipValueMax: 6 });

export const elementwise = {
  Abs: unary(named('Abs'), { int32: true }),
  Acos: unary(named('Acos')),
  Acosh: unary(named('Acosh')),
  Asin: unary(named('Asin')),
  Asinh: unary(named('Asinh')),
  Atan: unary(named('Atan')),
  Atanh: unary(named('Atanh')),
  Ceil: unary(named('Ceil')),
  ClipByValue: unary(clip),
  Cos: unary(named('Cos')),
  Cosh: unary(named('Cosh')),
  Elu: unary((graph, x) => graph.unary('Elu', x, { alpha: { float: 1 } })),
  Erf: unary(named('Erf')),
  Exp: unary(named('Exp'), { gives: 'float32' }),
  Expm1: unary(expm1),
  Floor: unary(named('Floor')),
  IsFinite: unary(finite, { gives: 'bool' }),
  IsInf: unary((graph, x) => graph.unary('IsInf', x, {}, 'bool'), { gives: 'bool' }),
  IsNan: unary((graph, x) => graph.unary('IsNaN', x, {}, 'bool'), { gives: 'bool' }),
  LeakyRelu: unary(
    (graph, x, attributes) =>
      graph.unary('LeakyRelu', x, { alpha: { float: numberOf(attributes, 'alpha', 0.2) } }),
    { gives: 'float32' },
  ),
  Log: unary(named('Log')),
  Log1p: unary(log1p),
  Neg: unary(named('Neg'), { int32: true }),
  Reciprocal: unary(named('Reciprocal')),
  Relu: unary(named('Relu')),
  Relu6: unary(relu6),
  Round: unary(named('Round')),
  Rsqrt: unary((graph, x) => graph.unary('Reciprocal', graph.unary('Sqrt', x))),
  Selu: unary((graph, x) => graph.unary('Selu', x)),
  Sigmoid: unary(named('Sigmoid')),
  Sign: unary(named('Sign'), { int32: true }),
  Sin: unary(named('Sin')),
  Sinh: unary(named('Sinh')),
  Softplus: unary(named('Softplus')),
  Sqrt: unary(named('Sqrt')),
  Square: unary((graph, x) => graph.binary('Mul', x, x), { int32: true }),
  Step: unary(step),
  Tan: unary(named('Tan')),
  Tanh: unary(named('Tanh')),
} satisfies KernelTable;
