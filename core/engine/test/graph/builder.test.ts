// What a builder writes for an operation.
import { describe, expect, it } from 'vitest';
import { graphOf, opsOf, runGraph } from '../helpers/graph.js';

describe('reduce', () => {
  it('reduces along axes of length 1 that lie between, for ONNX Runtime is slow over axes that are not neighbours', async () => {
    const over = (axes: readonly number[], keep: boolean) =>
      graphOf((g) => [g.reduce('ReduceSum', g.input('x', [2, 1, 3, 1, 4], 'float32'), axes, keep)]);
    for (const keep of [false, true]) {
      const apart = over([0, 2], keep);
      expect(opsOf(apart)).toEqual(['ReduceSum', 'Reshape']);
      const [got] = await runGraph(apart);
      const [together] = await runGraph(over([0, 1, 2], true));
      expect(got?.shape).toEqual(keep ? [1, 1, 1, 1, 4] : [1, 1, 4]);
      expect(got?.data).toEqual(together?.data);
    }
  });

  it('adds nothing at the ends, nor where axes are neighbours', () => {
    for (const axes of [[0], [2], [2, 4], [0, 1, 2]]) {
      const ops = opsOf(
        graphOf((g) => [g.reduce('ReduceSum', g.input('x', [2, 1, 3, 1, 4], 'float32'), axes, false)]),
      );
      expect(ops[0]).toBe('ReduceSum');
      expect(ops).toHaveLength(axes[1] === 4 ? 2 : 1);
    }
  });
});
