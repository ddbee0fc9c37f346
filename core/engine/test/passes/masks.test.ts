// Masks as numbers: exact at the threshold and on both sides of it, one-hot rows for any number.
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { runGraph } from '../helpers/graph.js';
import { after } from '../helpers/passes.js';

const size = 4096;

/** The next float32 above a positive one. */
function above(x: number): number {
  const bits = new Int32Array(new Float32Array([x]).buffer);
  bits[0] = (bits[0] ?? 0) + 1;
  return new Float32Array(bits.buffer)[0] as number;
}

function below(x: number): number {
  const bits = new Int32Array(new Float32Array([x]).buffer);
  bits[0] = (bits[0] ?? 0) - 1;
  return new Float32Array(bits.buffer)[0] as number;
}

const compared = (g: GraphBuilder, op: string, x: Value, c: number): Value =>
  g.cast(g.binary(op, x, g.scalar(c), 'bool'), 'float32');

describe('numeric-masks', () => {
  it.each(['LessOrEqual', 'Greater'])('%s: the same beside the limit and far from it', async (op) => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 1e-10, max: 1e10, noNaN: true }).map((x) => Math.fround(x)),
        async (c) => {
          const near = [c, above(c), below(c), 0, -c, 2 * c, Infinity, -Infinity];
          const data = Float32Array.from({ length: size }, (_, i) => near[i % near.length] ?? 0);
          const { graph, ops } = await after('numeric-masks', (g) => [
            compared(g, op, g.constant(data, [size], 'float32'), c),
          ]);
          expect(ops).toEqual(['HardSigmoid']);
          const right = (x: number): number => Number(op === 'Greater' ? x > c : x <= c);
          expect((await runGraph(graph))[0]?.data.slice(0, near.length)).toEqual(near.map(right));
        },
      ),
      { numRuns: 15 },
    );
  });

  it.each([
    ['a limit of 0', 'Greater', 0, size],
    ['a limit below 0', 'Greater', -1, size],
    ['x < c, whose neighbour below may be nearer', 'Less', 2, size],
    ['few elements', 'Greater', 2, 100],
  ])('leaves %s', async (_, op, c, length) => {
    const { ops } = await after('numeric-masks', (g) => [
      compared(g, op, g.input('x', [length], 'float32'), c),
    ]);
    expect(ops).toEqual([op, 'Cast']);
  });

  it('writes one-hot rows, of zeros for numbers that are out of range', async () => {
    const depth = 5;
    const rows = 1000;
    const { ops } = await after('numeric-masks', (g) => {
      // From about -10 to 10.
      const numbers = g.cast(g.binary('Mul', g.input('x', [rows, 1], 'float32'), g.scalar(3)), 'int32');
      const classes = g.constant(
        Int32Array.from({ length: depth }, (_, i) => i),
        [depth],
        'int32',
      );
      return [g.cast(g.binary('Equal', numbers, classes, 'bool'), 'float32')];
    });
    expect(ops).toContain('OneHot');
    expect(ops).not.toContain('Equal');
  });

  it('leaves a comparison with other numbers than 0, 1, 2', async () => {
    const { ops } = await after('numeric-masks', (g) => {
      const numbers = g.cast(g.input('x', [1000, 1], 'float32'), 'int32');
      const odd = g.constant(Int32Array.of(1, 3, 5, 7, 9), [5], 'int32');
      return [g.cast(g.binary('Equal', numbers, odd, 'bool'), 'float32')];
    });
    expect(ops).toEqual(['Cast', 'Equal', 'Cast']);
  });
});
