// Which linear form a node's result has, from those of its operands. Nothing of the graph is replaced here.
import { sizeOf } from '../../graph/builder.js';
import type { Node, Value } from '../../graph/graph.js';
import type { Rewriting } from '../rewrite.js';
import {
  type Coefficient,
  inverse,
  isConstantAlong,
  isOne,
  materialize,
  plus,
  times,
} from './coefficient.js';
import { type LinearForm, passesOf, plain, scaled, singleTerm, sum } from './form.js';

/** The operators that forms are made of. */
export const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Expand', 'ReduceSum', 'ReduceMean']);

const minusOne: Coefficient = { factor: -1, value: undefined };

/** A number or a small tensor alone. */
export function constantForm(constant: Coefficient): LinearForm {
  return { terms: new Map(), constant, cost: 0 };
}

export function negated(at: Rewriting, a: LinearForm, shape: readonly number[]): LinearForm | undefined {
  return scaled(at, a, minusOne, shape);
}

export function added(at: Rewriting, a: LinearForm, b: LinearForm, output: Value): LinearForm | undefined {
  return bounded(at, a, b, output) ?? sum(at, a, b, output.shape);
}

export function subtracted(
  at: Rewriting,
  a: LinearForm,
  b: LinearForm,
  output: Value,
): LinearForm | undefined {
  const minus = scaled(at, { ...b, cost: b.cost - 1 }, minusOne, output.shape);
  return minus && added(at, a, minus, output);
}

export function divided(
  at: Rewriting,
  a: LinearForm,
  by: Coefficient,
  shape: readonly number[],
): LinearForm | undefined {
  return scaled(at, a, inverse(at, by), shape);
}

/** Operators whose results lie within [-1, 1]. */
const withinOne = new Set(['Erf', 'Tanh']);

/**
 * `k * f + c` where f lies within [-1, 1] and |k| <= |c|: `2c` times a hard sigmoid that is nowhere cut, one pass, and the number
 * before it joins others. A GELU's `1 + erf(x)` is such a sum.
 */
function bounded(at: Rewriting, a: LinearForm, b: LinearForm, output: Value): LinearForm | undefined {
  const [form, other] = a.terms.size > 0 ? [a, b] : [b, a];
  const [value, k] = singleTerm(form) ?? [];
  const c = other.constant;
  if (!value || !k || k.value || other.terms.size > 0 || !c || c.value) return undefined;
  if (!withinOne.has(at.producer(value)?.op ?? '') || !(Math.abs(k.factor) <= Math.abs(c.factor)))
    return undefined;
  const share = at.emit(
    {
      op: 'HardSigmoid',
      inputs: [value],
      attributes: { alpha: { float: k.factor / (2 * c.factor) }, beta: { float: 0.5 } },
    },
    output,
  );
  return {
    terms: new Map([[share, { factor: 2 * c.factor, value: undefined }]]),
    constant: undefined,
    cost: form.cost + 2,
  };
}

/** A product of two whole tensors: the coefficients are taken out, the same two are multiplied only once. */
export function product(
  node: Node,
  at: Rewriting,
  a: LinearForm,
  b: LinearForm,
  full: (value: Value) => Value,
  products: Map<string, Value>,
): LinearForm | undefined {
  const [first, second] = node.inputs as [Value, Value];
  const output = node.outputs[0] as Value;
  const [x, k] = singleTerm(a) ?? [full(first), undefined];
  const [y, l] = singleTerm(b) ?? [full(second), undefined];
  const key = [x.name, y.name].sort().join(' ');
  const known = products.get(key);
  const unscaled = (!k || isOne(k)) && (!l || isOne(l));
  const value =
    known ??
    (unscaled && x === first && y === second ? undefined : at.emit({ op: 'Mul', inputs: [x, y] }, output));
  if (!value) {
    products.set(key, output);
    return { ...plain(output) };
  }
  products.set(key, value);
  const factor = k && l ? times(at, k, l, output.shape) : (k ?? l ?? { factor: 1, value: undefined });
  return factor && { terms: new Map([[value, factor]]), constant: undefined, cost: 2 };
}

/** A sum or mean of a form, as the sum of its terms' sums, where coefficients do not change along the axes. */
export function reduced(
  node: Node,
  at: Rewriting,
  form: LinearForm | undefined,
  sums: Map<string, Value>,
): readonly Value[] | undefined {
  const [x, axesValue] = node.inputs as [Value, Value | undefined];
  const output = node.outputs[0] as Value;
  const list = at.constant(axesValue);
  if (!form || !axesValue || !list || passesOf(form) === 0) return undefined;
  const axes = Array.from(list as ArrayLike<bigint>, Number).map((axis) =>
    axis < 0 ? axis + x.shape.length : axis,
  );
  const coefficients = [...form.terms.values(), ...(form.constant ? [form.constant] : [])];
  if (!coefficients.every((coefficient) => isConstantAlong(coefficient, axes, x.shape.length)))
    return undefined;
  const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
  const count = node.op === 'ReduceSum' ? axes.reduce((n, axis) => n * (x.shape[axis] ?? 1), 1) : 1;
  let total: Coefficient | undefined = form.constant && {
    ...form.constant,
    factor: form.constant.factor * count,
  };
  for (const [term, coefficient] of form.terms) {
    const key = `${node.op} ${term.name} ${axes.join()}`;
    const own =
      sums.get(key) ??
      at.emit(
        { op: node.op, inputs: [term, axesValue], attributes: { keepdims: 1 } },
        { shape: kept, type: 'float32' },
      );
    sums.set(key, own);
    const part = times(at, coefficient, { factor: 1, value: own }, x.shape);
    const both = part && total ? plus(at, total, part, x.shape) : part;
    if (!both) return undefined;
    total = both;
  }
  const value = total && materialize(at, total);
  if (!value) return undefined;
  const spread =
    sizeOf(value.shape) === sizeOf(kept)
      ? value
      : at.emit({ op: 'Expand', inputs: [value, at.ints(kept)] }, { shape: kept, type: 'float32' });
  return [
    at.emit({ op: 'Reshape', inputs: [spread, at.ints(output.shape)], attributes: { allowzero: 1 } }, output),
  ];
}
