// Which values are computed in full, and which from their linear forms.
import { sizeOf } from '../../graph/builder.js';
import type { Graph, Value } from '../../graph/graph.js';
import { type Rewriting, uniformOf } from '../rewrite.js';
import { arithmetic, constantForm } from './analysis.js';
import { type Coefficient, isSmall } from './coefficient.js';
import { computed } from './compute.js';
import { type LinearForm, plain, singleTerm } from './form.js';

/** Below this many elements a pass over memory costs less than a node. */
const fewest = 2048;

export const isLarge = ({ shape }: Value): boolean => sizeOf(shape) >= fewest;

/** The forms that are known, and the values that have been computed from theirs. */
export class Choice {
  readonly forms = new Map<Value, LinearForm>();
  private readonly done = new Map<Value, Value>();
  private readonly needed: ReadonlySet<Value>;

  /** `block`: channels in a block of ONNX Runtime's own convolutions; 0 where it has none. */
  constructor(
    graph: Graph,
    private readonly block: number,
  ) {
    this.needed = neededWhole(graph);
  }

  /** A value computed in full: from its form where that is faster. */
  full(at: Rewriting, value: Value, activation?: 'Relu'): Value {
    const form = this.forms.get(value);
    if (!form || form.terms.size === 0) return value;
    const known = activation ? undefined : this.done.get(value);
    if (known) return known;
    const made = computed(at, value, form, this.block, activation);
    if (!made) return value;
    if (!activation) {
      this.done.set(value, made);
      this.forms.set(made, form);
      this.done.set(made, made);
    }
    return made;
  }

  /** The form of an operand beside an output of that shape; a value that stands in memory anyway counts as itself. */
  operand(at: Rewriting, value: Value, shape: readonly number[]): LinearForm | undefined {
    const number = uniformOf(at.constant(value));
    if (number !== undefined) return constantForm({ factor: number, value: undefined });
    if (String(value.shape) !== String(shape))
      return isSmall(value.shape, shape) ? constantForm({ factor: 1, value }) : undefined;
    const form = this.forms.get(value);
    if (!form) return plain(value);
    const stands = this.needed.has(value) || this.done.has(value);
    return stands && form.terms.size > 0 && !singleTerm(form) ? plain(this.full(at, value)) : form;
  }

  /** A plain number does not go into the terms of a longer sum that others use too: it scales the sum, and joins other numbers. */
  whole(at: Rewriting, value: Value, form: LinearForm, by: Coefficient): LinearForm {
    return by.value || form.terms.size === 0 || singleTerm(form) || at.uses(value) <= 1
      ? form
      : plain(this.full(at, value));
  }
}

/** Values that some operator other than ours takes in whole, or that are outputs. */
function neededWhole(graph: Graph): ReadonlySet<Value> {
  const needed = new Set<Value>(graph.outputs);
  for (const node of graph.nodes)
    if (!arithmetic.has(node.op)) for (const input of node.inputs) if (input) needed.add(input);
  return needed;
}
