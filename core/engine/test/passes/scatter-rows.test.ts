// Sums of rows by number, with one thread and with more.
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { after } from '../helpers/passes.js';

interface Scatter {
  readonly rows?: number;
  readonly width?: number;
  /** Row numbers; each takes one row of the updates. */
  readonly numbers?: readonly number[];
  readonly type?: 'int32' | 'int64';
  readonly axis?: number;
  readonly reduction?: string;
  /** Columns of the updates, where they have fewer than the base. */
  readonly columns?: number;
  /** Numbers that stand for themselves instead of being spread over the columns. */
  readonly whole?: boolean;
}

const repeated = [3, 0, 3, 1, 3, 0];

function scatter(g: GraphBuilder, at: Scatter): Value {
  const { rows = 4, width = 5, numbers = repeated, type = 'int32', axis = 0, reduction = 'add' } = at;
  const { columns = width, whole = false } = at;
  const count = numbers.length;
  const array = (list: readonly number[]) =>
    type === 'int32' ? Int32Array.from(list) : BigInt64Array.from(list, BigInt);
  const places = whole
    ? g.constant(array(numbers.flatMap((n) => new Array<number>(columns).fill(n))), [count, columns], type)
    : g.constant(array(numbers), [count, 1], type);
  const spread =
    whole || columns === 1
      ? places
      : g.op('Expand', [places, g.ints([count, columns])], [count, columns], type);
  return g.op(
    'ScatterElements',
    [g.input('base', [rows, width], 'float32'), spread, g.input('updates', [count, columns], 'float32')],
    [rows, width],
    'float32',
    { axis, reduction },
  );
}

describe.each([1, 2])('scatter-rows with %i threads', (threads) => {
  const left = async (at: Scatter): Promise<readonly string[]> =>
    (await after('scatter-rows', (g) => [scatter(g, at)], { block: 0, threads, free: false })).ops;
  const taken = threads === 1 ? 'ScatterND' : 'Transpose';

  it.each<[string, Scatter]>([
    ['that come up more than once', {}],
    ['of int64', { type: 'int64' }],
    ['from the end', { numbers: [-1, 0, -1, -4] }],
    ['that are none', { numbers: [] }],
    ['of one row', { rows: 1, numbers: [0, 0, 0] }],
  ])('adds rows by numbers %s', async (_, at) => {
    expect(await left(at)).toContain(taken);
  });

  it('adds very many rows to few', async () => {
    const numbers = Array.from({ length: 2000 }, (_, i) => (i * i) % 3);
    expect(await left({ rows: 3, width: 7, numbers })).toContain(taken);
  });

  it('adds single numbers', async () => {
    const ops = await left({ width: 1 });
    expect(ops.includes('ScatterND')).toBe(threads === 1);
    expect(ops).not.toContain('Transpose');
  });

  it.each<[string, Scatter]>([
    ['another reduction', { reduction: 'max' }],
    ['places by column', { axis: 1, numbers: [0, 1, 2] }],
    ['places that differ within a row', { whole: true }],
    ['updates of fewer columns', { columns: 3 }],
    ['updates of one column', { columns: 1 }],
  ])('leaves %s', async (_, at) => {
    const ops = await left(at);
    expect(ops).not.toContain('ScatterND');
    expect(ops).not.toContain('Transpose');
  });
});
