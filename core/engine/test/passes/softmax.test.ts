// The logarithm of a softmax that TF.js wrote out.
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { after } from '../helpers/passes.js';

/** As tf.logSoftmax writes it, along `axis`; `summed`: the axis of the sum. */
function written(g: GraphBuilder, x: Value, axis: number, summed = axis): Value {
  const shifted = g.binary('Sub', x, g.reduce('ReduceMax', x, [axis], true));
  const sum = g.reduce('ReduceSum', g.unary('Exp', shifted), [summed], true);
  return g.binary('Sub', shifted, g.unary('Log', sum));
}

describe('join-log-softmax', () => {
  it.each([0, 1, 2])('makes one operator of it along axis %i', async (axis) => {
    const { ops } = await after('join-log-softmax', (g) => [
      written(g, g.input('x', [3, 4, 5], 'float32'), axis),
    ]);
    expect(ops).toEqual(['LogSoftmax']);
  });

  it('keeps what else needs the parts', async () => {
    const { ops } = await after('join-log-softmax', (g) => {
      const x = g.input('x', [3, 4], 'float32');
      return [written(g, x, 1), g.reduce('ReduceMax', x, [1], true)];
    });
    expect(ops.toSorted()).toEqual(['LogSoftmax', 'ReduceMax']);
  });

  it('leaves a sum along another axis', async () => {
    const { ops } = await after('join-log-softmax', (g) => [
      written(g, g.input('x', [4, 4], 'float32'), 1, 0),
    ]);
    expect(ops).not.toContain('LogSoftmax');
  });

  it('leaves a shift by something else than the largest', async () => {
    const { ops } = await after('join-log-softmax', (g) => {
      const x = g.input('x', [3, 4], 'float32');
      const shifted = g.binary('Sub', x, g.reduce('ReduceMean', x, [1], true));
      const sum = g.reduce('ReduceSum', g.unary('Exp', shifted), [1], true);
      return [g.binary('Sub', shifted, g.unary('Log', sum))];
    });
    expect(ops).not.toContain('LogSoftmax');
  });
});
