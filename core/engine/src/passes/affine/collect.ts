// Gathers scaling, shifting and adding of whole tensors into sums with small coefficients, and computes those in as few passes
// over memory as they need. TF.js writes the gradient of a batch norm as some twenty such passes; two are left.
import { sizeOf } from '../../graph/builder.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import { rewrite, type Rewriting, uniformOf } from '../rewrite.js';
import {
  type Coefficient,
  inverse,
  isOne,
  isSmall,
  plus,
  steadyAlong,
  times,
  written,
} from './coefficient.js';
import { type Form, passesOf, plain, scaled, singleTerm, sum } from './form.js';
import { computed } from './compute.js';

/** Below this many elements a pass costs less than a node. */
const fewest = 2048;

const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Expand', 'ReduceSum', 'ReduceMean']);

/** `block`: channels in a block of ONNX Runtime's own convolutions; 0 where it has none. */
export function collectAffine(graph: Graph, block: number): Graph {
  const forms = new Map<Value, Form>();
  const done = new Map<Value, Value>();
  const products = new Map<string, Value>();
  const sums = new Map<string, Value>();
  const needed = neededWhole(graph);
  return rewrite(graph, (node, at) => {
    const output = node.outputs[0] as Value;
    const single = node.outputs.length === 1 && output.type === 'float32';

    /** A value computed in full: afresh from its form where that is quicker. */
    const full = (value: Value, activation?: 'Relu'): Value => {
      const form = forms.get(value);
      if (!form || form.terms.size === 0) return value;
      const known = activation ? undefined : done.get(value);
      if (known) return known;
      const made = computed(at, value, form, block, activation);
      if (!made) return value;
      if (!activation) {
        done.set(value, made);
        forms.set(made, form);
        done.set(made, made);
      }
      return made;
    };

    /** The form of an operand beside an output of that shape; a value that stands in memory anyway counts as itself. */
    const formOf = (value: Value, shape: readonly number[]): Form | undefined => {
      const number = uniformOf(at.constant(value));
      if (number !== undefined)
        return { terms: new Map(), constant: { factor: number, value: undefined }, cost: 0 };
      if (String(value.shape) !== String(shape))
        return isSmall(value.shape, shape)
          ? { terms: new Map(), constant: { factor: 1, value }, cost: 0 }
          : undefined;
      const form = forms.get(value);
      if (!form) return plain(value);
      const stands = needed.has(value) || done.has(value);
      return stands && form.terms.size > 0 && !singleTerm(form) ? plain(full(value)) : form;
    };

    /** A plain number does not go into the terms of a longer sum that others use too: it scales the sum, and joins other numbers. */
    const whole = (value: Value, form: Form, by: Coefficient): Form =>
      by.value || form.terms.size === 0 || singleTerm(form) || at.uses(value) <= 1
        ? form
        : plain(full(value));

    /** Remembers a form; the node stays, and goes when nothing needs it. */
    const remember = (form: Form | undefined): readonly Value[] | undefined => {
      if (!form) return wholeOperands();
      forms.set(output, form);
      return undefined;
    };

    const wholeOperands = (): readonly Value[] | undefined => {
      const inputs = node.inputs.map((input) => input && full(input));
      if (inputs.every((input, i) => input === node.inputs[i])) return undefined;
      return node.outputs.length === 1 ? [at.emit({ ...node, inputs }, output)] : undefined;
    };

    if (single && (node.op === 'ReduceSum' || node.op === 'ReduceMean'))
      return reduced(node, at, forms.get(node.inputs[0] as Value), sums) ?? wholeOperands();
    if (!single || sizeOf(output.shape) < fewest || !arithmetic.has(node.op)) {
      if (node.op === 'Relu' && node.inputs[0] && at.uses(node.inputs[0]) === 1) {
        const made = full(node.inputs[0], 'Relu');
        if (made !== node.inputs[0] && made.type === 'float32' && rectifies(at, made)) return [made];
      }
      return wholeOperands();
    }
    const [first, second] = node.inputs as [Value, Value | undefined];
    if (node.op === 'Expand') {
      if (!isSmall(first.shape, output.shape)) return undefined;
      const number = uniformOf(at.constant(first));
      forms.set(output, {
        terms: new Map(),
        constant: number === undefined ? { factor: 1, value: first } : { factor: number, value: undefined },
        cost: 0,
      });
      return undefined;
    }
    const a = formOf(first, output.shape);
    if (!a) return wholeOperands();
    if (node.op === 'Neg') return remember(scaled(at, a, { factor: -1, value: undefined }, output.shape));
    const b = second && formOf(second, output.shape);
    if (!b) return wholeOperands();
    if (node.op === 'Add') return remember(bounded(at, a, b, output) ?? sum(at, a, b, output.shape));
    if (node.op === 'Sub') {
      const minus = scaled(at, { ...b, cost: b.cost - 1 }, { factor: -1, value: undefined }, output.shape);
      return remember(minus && (bounded(at, a, minus, output) ?? sum(at, a, minus, output.shape)));
    }
    if (node.op === 'Div') {
      if (b.terms.size > 0 || !b.constant) return wholeOperands();
      return remember(scaled(at, whole(first, a, b.constant), inverse(at, b.constant), output.shape));
    }
    if (b.terms.size === 0 && b.constant)
      return remember(scaled(at, whole(first, a, b.constant), b.constant, output.shape));
    if (a.terms.size === 0 && a.constant)
      return remember(scaled(at, whole(second, b, a.constant), a.constant, output.shape));
    return remember(product(node, at, a, b, full, products));
  });
}

/** Operators whose results lie within [-1, 1]. */
const withinOne = new Set(['Erf', 'Tanh']);

/**
 * `k * f + c` where f lies within [-1, 1] and |k| <= |c|: `2c` times a hard sigmoid that is nowhere cut, one pass, and the number
 * before it joins others. A GELU's `1 + erf(x)` is such a sum.
 */
function bounded(at: Rewriting, a: Form, b: Form, output: Value): Form | undefined {
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

/** Values that some operator other than ours takes in whole, or that are outputs. */
function neededWhole(graph: Graph): ReadonlySet<Value> {
  const needed = new Set<Value>(graph.outputs);
  for (const node of graph.nodes)
    if (!arithmetic.has(node.op)) for (const input of node.inputs) if (input) needed.add(input);
  return needed;
}

function rectifies(at: Rewriting, made: Value): boolean {
  const node = at.producer(made);
  const conv = node?.op === 'Reshape' ? at.producer(node.inputs[0]) : node;
  return conv?.attributes.activation === 'Relu';
}

/** A product of two whole tensors: the coefficients are taken out, the same two are multiplied only once. */
function product(
  node: Node,
  at: Rewriting,
  a: Form,
  b: Form,
  full: (value: Value) => Value,
  products: Map<string, Value>,
): Form | undefined {
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
function reduced(
  node: Node,
  at: Rewriting,
  form: Form | undefined,
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
  if (!coefficients.every((coefficient) => steadyAlong(coefficient, axes, x.shape.length))) return undefined;
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
  const value = total && written(at, total);
  if (!value) return undefined;
  const spread =
    sizeOf(value.shape) === sizeOf(kept)
      ? value
      : at.emit({ op: 'Expand', inputs: [value, at.ints(kept)] }, { shape: kept, type: 'float32' });
  return [
    at.emit({ op: 'Reshape', inputs: [spread, at.ints(output.shape)], attributes: { allowzero: 1 } }, output),
  ];
}
