// A compiled graph: results in memory of their own, or written where they are wanted.
import { ort } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/session/program.js';
import { graphOf } from '../helpers/graph.js';

const graph = graphOf((g) => {
  const x = g.input('x', [3], 'float32');
  return [g.unary('Neg', x), g.binary('Mul', x, g.scalar(2))];
});
const floats = (...values: number[]) => new ort.Tensor('float32', Float32Array.from(values), [values.length]);

describe('compile', () => {
  it('runs a graph for the outputs asked for, and for no other', async () => {
    const program = await compile(graph, { threads: 1, weights: 'input', activations: 0 });
    const [negated, doubled] = program.outputs as [string, string];
    const results = await program.run({ x: floats(1, -2, 3) }, [doubled]);
    expect(Object.keys(results)).toEqual([doubled]);
    expect(results[doubled]?.data).toEqual(Float32Array.of(2, -4, 6));
    expect(negated).not.toBe(doubled);
    await program.dispose();
  });

  it('fills every tensor that it is given, at every run', async () => {
    const program = await compile(graph, { threads: 1, weights: 'input', activations: 0 });
    const [negated, doubled] = program.outputs as [string, string];
    const into = { [negated]: floats(0, 0, 0), [doubled]: floats(0, 0, 0) };
    for (const values of [
      [1, -2, 3],
      [4, 5, -6],
    ]) {
      await program.fill({ x: floats(...values) }, into);
      expect(into[negated]?.data).toEqual(Float32Array.from(values, (x) => -x));
      expect(into[doubled]?.data).toEqual(Float32Array.from(values, (x) => 2 * x));
    }
    await program.dispose();
  });

  it('passes an error of the run on', async () => {
    const program = await compile(graph, { threads: 1, weights: 'input', activations: 0 });
    const [negated = ''] = program.outputs;
    await expect(program.fill({ x: floats(1, 2) }, { [negated]: floats(0, 0, 0) })).rejects.toThrow(
      /invalid dimensions.*x/s,
    );
    await program.dispose();
  });

  it('takes denormal numbers for zero', async () => {
    const program = await compile(graph, { threads: 1, weights: 'input', activations: 0 });
    const [, doubled = ''] = program.outputs;
    const { [doubled]: result } = await program.run({ x: floats(1e-40, 1e-30, -1e-40) }, [doubled]);
    expect(Array.from(result?.data as Float32Array, Math.abs)).toEqual([0, Math.fround(2e-30), 0]);
    await program.dispose();
  });
});
