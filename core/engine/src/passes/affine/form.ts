// Values as sums of tensors times coefficients, and a constant: what batch norm, its gradient and the like are made of.
import type { Value } from '../../graph/graph.js';
import type { Rewriting } from '../rewrite.js';
import { type Coefficient, isOne, one, plus, times } from './coefficient.js';

/** `sum of coefficient * term + constant`. */
export interface LinearForm {
  readonly terms: ReadonlyMap<Value, Coefficient>;
  readonly constant: Coefficient | undefined;
  /** Passes over whole tensors to compute it by the graph's own nodes. */
  readonly cost: number;
}

export const plain = (value: Value): LinearForm => ({
  terms: new Map([[value, one]]),
  constant: undefined,
  cost: 0,
});

/** More terms than this are not gathered: each is one more tensor that must be kept. */
const mostTerms = 4;

/** Passes over memory to compute the form from its terms. */
export function passesOf({ terms, constant }: LinearForm): number {
  const scaled = [...terms.values()].filter((coefficient) => !isOne(coefficient)).length;
  return scaled + Math.max(0, terms.size - 1) + (constant && terms.size > 0 ? 1 : 0);
}

/** The single term of a form without a constant. */
export function singleTerm({ terms, constant }: LinearForm): readonly [Value, Coefficient] | undefined {
  const [first] = terms;
  return terms.size === 1 && !constant ? first : undefined;
}

export function sum(
  at: Rewriting,
  a: LinearForm,
  b: LinearForm,
  whole: readonly number[],
): LinearForm | undefined {
  const terms = new Map(a.terms);
  for (const [value, coefficient] of b.terms) {
    const other = terms.get(value);
    const both = other ? plus(at, other, coefficient, whole) : coefficient;
    if (!both) return undefined;
    terms.set(value, both);
  }
  if (terms.size > mostTerms) return undefined;
  const constant =
    a.constant && b.constant ? plus(at, a.constant, b.constant, whole) : (a.constant ?? b.constant);
  if (a.constant && b.constant && !constant) return undefined;
  return { terms, constant, cost: a.cost + b.cost + 1 };
}

export function scaled(
  at: Rewriting,
  form: LinearForm,
  by: Coefficient,
  whole: readonly number[],
): LinearForm | undefined {
  const terms = new Map<Value, Coefficient>();
  for (const [value, coefficient] of form.terms) {
    const product = times(at, coefficient, by, whole);
    if (!product) return undefined;
    terms.set(value, product);
  }
  const constant = form.constant && times(at, form.constant, by, whole);
  if (form.constant && !constant) return undefined;
  return { terms, constant, cost: form.cost + 1 };
}
