// Computing before spreading.
import { describe, expect, it } from 'vitest';
import { type GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { after, type Build } from '../helpers/passes.js';

const expand = (g: GraphBuilder, x: Value, shape: readonly number[]): Value =>
  g.op('Expand', [x, g.ints(shape)], shape, x.type);

const left = async (build: Build): Promise<readonly string[]> => (await after('sink-expansions', build)).ops;

describe('sink-expansions', () => {
  it('moves a spread behind operators of one operand and of several', async () => {
    expect(
      await left((g) => {
        const x = expand(g, g.input('x', [3, 1], 'float32'), [3, 5]);
        const scaled = g.binary('Mul', g.unary('Exp', x), g.scalar(2));
        const clipped = g.op('Clip', [scaled, g.scalar(0), g.scalar(1)], [3, 5], 'float32');
        return [g.binary('Add', clipped, expand(g, g.input('y', [3, 1], 'float32'), [3, 5]))];
      }),
    ).toEqual(['Exp', 'Mul', 'Clip', 'Add', 'Expand']);
  });

  it('takes a constant of one repeated number for that number', async () => {
    expect(
      await left((g) => {
        const x = expand(g, g.input('x', [3, 1], 'float32'), [3, 5]);
        return [g.binary('Mul', x, g.constant(new Float32Array(15).fill(2), [3, 5], 'float32'))];
      }),
    ).toEqual(['Mul', 'Expand']);
  });

  it.each([
    ['x * 1', 'Mul', false, 1, ['Expand']],
    ['1 * x', 'Mul', true, 1, ['Expand']],
    ['x / 1', 'Div', false, 1, ['Expand']],
    ['1 / x', 'Div', true, 1, ['Div', 'Expand']],
    ['x * -1', 'Mul', false, -1, ['Mul', 'Expand']],
  ])('%s', async (_, op, front, number, expected) => {
    expect(
      await left((g) => {
        const x = expand(g, g.input('x', [1, 5], 'float32'), [3, 5]);
        const one = expand(g, g.scalar(number), [3, 5]);
        return [front ? g.binary(op, one, x) : g.binary(op, x, one)];
      }),
    ).toEqual(expected);
  });

  it('spreads as far as the operands ask, and the rest of the way after', async () => {
    expect(
      await left((g) => [
        g.binary(
          'Sub',
          expand(g, g.input('x', [3, 1, 1], 'float32'), [3, 4, 5]),
          expand(g, g.input('y', [4, 1], 'float32'), [3, 4, 5]),
        ),
      ]),
    ).toEqual(['Sub', 'Expand']);
  });

  it('chooses before spreading, and casts', async () => {
    expect(
      await left((g) => {
        const mask = g.binary('Greater', g.input('m', [3, 1], 'float32'), g.scalar(0), 'bool');
        const [a, b] = ['a', 'b'].map((name) => expand(g, g.input(name, [3, 1], 'float32'), [3, 5]));
        const chosen = g.op('Where', [expand(g, mask, [3, 5]), a, b], [3, 5], 'float32');
        return [g.cast(g.cast(chosen, 'int32'), 'float32')];
      }),
    ).toEqual(['Greater', 'Where', 'Cast', 'Cast', 'Expand']);
  });

  it('keeps the rank of what it spreads, and a spread that is read elsewhere', async () => {
    expect(
      await left((g) => {
        const x = expand(g, g.input('x', [], 'float32'), [1, 2, 1, 3]);
        return [g.unary('Exp', x), g.reduce('ReduceSum', x, [1], false)];
      }),
    ).toEqual(['Expand', 'Exp', 'Expand', 'ReduceSum']);
  });

  it('leaves a product with a whole tensor, one element, and none', async () => {
    expect(
      await left((g) => [
        g.binary('Mul', expand(g, g.input('x', [3, 1], 'float32'), [3, 5]), g.input('y', [3, 5], 'float32')),
      ]),
    ).toContain('Mul');
    for (const shape of [
      [1, 1],
      [3, 0],
    ])
      expect(await left((g) => [g.unary('Exp', expand(g, g.input('x', [1, 1], 'float32'), shape))])).toEqual([
        'Expand',
        'Exp',
      ]);
  });
});
