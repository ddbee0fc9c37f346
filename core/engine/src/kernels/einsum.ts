// Sums of products named by an equation.
import { misfit, operandList, shaped, textOf } from './operands.js';
import type { KernelAttributes, KernelRule, KernelTable, Shaped } from './rule.js';

interface Equation {
  readonly terms: readonly string[];
  readonly result: string;
  readonly text: string;
}

function equationOf(attributes: KernelAttributes): Equation {
  const text = (textOf(attributes, 'equation') ?? '').replace(/\s/g, '');
  const [left = '', result] = text.split('->');
  if (result === undefined) throw misfit(`einsum: the equation ${text} has no arrow`);
  return { terms: left.split(','), result, text };
}

function lengths({ terms, text }: Equation, list: readonly Shaped[]): Map<string, number> {
  if (terms.length !== list.length) {
    throw misfit(`einsum: ${text} has ${terms.length} operands, ${list.length} are given`);
  }
  const known = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    const shape = list[i]?.shape ?? [];
    if (term.length !== shape.length) {
      throw misfit(`einsum: operand ${term} of ${text} has rank ${shape.length}`);
    }
    for (const [axis, label] of [...term].entries()) {
      const length = shape[axis] ?? 0;
      const before = known.get(label);
      if (before !== undefined && before !== length) {
        throw misfit(`einsum: ${label} of ${text} is ${before} long in one operand, ${length} in another`);
      }
      known.set(label, length);
    }
  }
  return known;
}

const einsum: KernelRule = {
  shapes(inputs, attributes) {
    const equation = equationOf(attributes);
    const list = operandList(inputs);
    const known = lengths(equation, list);
    const shape = [...equation.result].map((label) => {
      const length = known.get(label);
      if (length === undefined) throw misfit(`einsum: ${label} of ${equation.text} is in no operand`);
      return length;
    });
    return [shaped(shape, list[0]?.dtype ?? 'float32')];
  },
  lower({ graph, inputs, attributes, outputs }) {
    const { shape, dtype } = outputs[0] ?? shaped([], 'float32');
    const type = dtype === 'bool' ? 'int32' : dtype;
    const list = operandList(inputs).map((value) => graph.cast(value, type));
    return [
      graph.cast(graph.op('Einsum', list, shape, type, { equation: equationOf(attributes).text }), dtype),
    ];
  },
};

export const einsumKernels = { Einsum: einsum } satisfies KernelTable;
