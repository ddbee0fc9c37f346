// Divides a recorded cell and its gradient between a forward scan, a backward scan, and products over all steps at once.
import { type Recorded, show } from '../record/tape.js';
import type { TracedCell } from './trace.js';

/**
 * A term of a constant's gradient that need not be summed step by step:
 * `product`: a^T b, one matrix product over all steps; `sum`: over `axes` of a step and over all steps.
 */
export type Term =
  | { readonly kind: 'product'; readonly a: Recorded; readonly b: Recorded }
  | { readonly kind: 'sum'; readonly of: Recorded; readonly axes: readonly number[] }
  | { readonly kind: 'rest'; readonly value: Recorded };

export interface Plan {
  /** What the backward scan reads of the forward one: the cell's own values, and its state before a step. */
  readonly saved: readonly Recorded[];
  /** Terms of the gradient of each constant. */
  readonly terms: readonly (readonly Term[])[];
}

export function planGradient(traced: TracedCell): Plan {
  const { gradients, states, sequences } = traced;
  const steps = gradients.slice(0, states + sequences);
  const terms = gradients.slice(states + sequences).map((gradient) => (gradient ? termsOf(gradient) : []));
  const roots = [...steps, ...terms.flat().flatMap(operandsOf)];
  return { saved: savedFor(traced, roots), terms };
}

/** What a term is computed from. */
export function operandsOf(term: Term): Recorded[] {
  switch (term.kind) {
    case 'product':
      return [term.a, term.b];
    case 'sum':
      return [term.of];
    case 'rest':
      return [term.value];
  }
}

/** Splits a gradient at sums, and finds products over the rows of a batch. Reshapes do not matter to a sum of all steps. */
function termsOf(gradient: Recorded): Term[] {
  const { source } = gradient;
  const rest: Term[] = [{ kind: 'rest', value: gradient }];
  if (source.kind !== 'kernel') return rest;
  const { kernel, inputs, attributes } = source.kernel;
  const { x, a, b } = inputs;
  switch (kernel) {
    case 'Identity':
    case 'Reshape':
      return termsOf((x ?? inputs.tensor) as Recorded);
    case 'Add':
      return a && b && String(a.shape) === String(b.shape) ? [...termsOf(a), ...termsOf(b)] : rest;
    case 'AddN':
      return Object.values(inputs).flatMap((input) => (input ? termsOf(input) : []));
    case 'BatchMatMul':
      return a?.shape.length === 2 &&
        b?.shape.length === 2 &&
        attributes.transposeA === true &&
        attributes.transposeB !== true
        ? [{ kind: 'product', a: resolved(a), b: resolved(b) }]
        : rest;
    case 'Sum': {
      if (!x) return rest;
      const { axis } = attributes;
      const list =
        typeof axis === 'number' ? [axis] : ((axis ?? x.shape.map((_, i) => i)) as readonly number[]);
      const axes = list.map((one) => (one < 0 ? one + x.shape.length : one));
      return [{ kind: 'sum', of: resolved(x), axes }];
    }
    default:
      return rest;
  }
}

/** Kernels that give their operand as it is, when its shape and dtype stay. */
const passing = new Set(['Identity', 'Reshape', 'Cast']);

/** What a value is a mere copy of: TF.js saves clones, and reshapes gradients that have the shape already. */
export function resolved(value: Recorded): Recorded {
  const { source } = value;
  if (source.kind !== 'kernel' || !passing.has(source.kernel.kernel)) return value;
  const [input] = Object.values(source.kernel.inputs);
  return input && show(input) === show(value) ? resolved(input) : value;
}

/** Kernels that only show a part of their operand: computed again rather than saved beside it. */
const views = new Set(['Identity', 'Reshape', 'ExpandDims', 'Slice', 'SplitV', 'Unpack']);

function savedFor(traced: TracedCell, roots: readonly (Recorded | undefined)[]): Recorded[] {
  const { inputs, states, forward } = traced;
  const before = new Set(inputs.slice(0, states));
  const changing = changingValues(traced);
  const saved = new Set<Recorded>();
  const seen = new Set<Recorded>();
  const stack = [...roots];
  while (stack.length > 0) {
    const value = stack.pop();
    if (!value || seen.has(value)) continue;
    seen.add(value);
    if (before.has(value)) saved.add(value);
    const { source } = value;
    if (source.kind !== 'kernel') continue;
    const { kernel } = source;
    if (forward.has(kernel) && changing.has(value) && !views.has(kernel.kernel)) saved.add(value);
    else stack.push(...Object.values(kernel.inputs));
  }
  return [...saved];
}

/** Values of the cell that differ from step to step; the others are computed again, as constants are at hand. */
function changingValues({ inputs, states, sequences, forward }: TracedCell): Set<Recorded> {
  const changing = new Set(inputs.slice(0, states + sequences));
  for (const { inputs: operands, outputs } of forward)
    if (Object.values(operands).some((operand) => operand && changing.has(operand)))
      for (const output of outputs) changing.add(output);
  return changing;
}
