// Graphs with graphs inside their nodes: written to ONNX, and left right by each pass.
import { describe, expect, it } from 'vitest';
import { bodiesOf, type Graph, type Value } from '../../src/graph/graph.js';
import { improve, type Pass, passes } from '../../src/passes/index.js';
import { portable } from '../../src/graph/target.js';
import { allClose } from '../helpers/close.js';
import { graphOf, opsOf, runGraph } from '../helpers/graph.js';
import { decay } from '../helpers/scan.js';

async function expectSame(graph: Graph, pass: Pass): Promise<Graph> {
  const result = pass(graph, portable);
  const before = await runGraph(graph);
  const after = await runGraph(result);
  expect(after.map(({ shape }) => shape)).toEqual(before.map(({ shape }) => shape));
  after.forEach(({ data }, i) => allClose(data, before[i]?.data ?? [], { absolute: 1e-6, relative: 1e-5 }));
  return result;
}

const bodyOf = (graph: Graph): Graph => {
  const scan = graph.nodes.find(({ op }) => op === 'Scan');
  const [entry] = scan ? bodiesOf(scan) : [];
  if (!entry) throw new Error('no body');
  return entry[1].body;
};

describe('encodeGraph', () => {
  it('writes a Scan whose body has the names of the graph around it', async () => {
    const graph = graphOf((g) => {
      // t1 and t2 are names of the outputs and within the body.
      const h = g.input('h', [2], 'float32');
      const x = g.input('Scan_0/t1', [3, 2], 'float32');
      const factor = g.input('factor', [], 'float32');
      return decay(g, h, x, factor);
    });
    const [last, all, exps] = await runGraph(graph);
    const inputs = await runGraph(
      graphOf((g) => [
        g.unary('Identity', g.input('h', [2], 'float32')),
        g.unary('Identity', g.input('Scan_0/t1', [3, 2], 'float32')),
        g.unary('Identity', g.input('factor', [], 'float32')),
      ]),
    );
    const [h, x, [factor = 0]] = inputs.map(({ data }) => data) as [number[], number[], number[]];
    const states: number[] = [];
    for (let t = 0; t < 3; t++)
      for (let i = 0; i < 2; i++)
        states.push(((t === 0 ? h[i] : states[2 * t - 2 + i]) ?? 0) * factor + (x[2 * t + i] ?? 0));
    allClose(all?.data ?? [], states);
    allClose(last?.data ?? [], states.slice(4));
    allClose(exps?.data ?? [], x.map(Math.exp));
  });

  it('refuses a body that reads a value from outside', async () => {
    const { encodeGraph } = await import('../../src/onnx/encode.js');
    const graph = graphOf((g) => {
      const h = g.input('h', [2], 'float32');
      const x = g.input('x', [3, 2], 'float32');
      const outer = g.input('outer', [2], 'float32');
      const inner = graphOf((b) => [b.binary('Add', b.input('s', [2], 'float32'), outer)]);
      return g.ops('Scan', [h, x], [{ shape: [2], type: 'float32' }], {
        body: { body: inner, captured: 0 },
        num_scan_inputs: 1,
      });
    });
    expect(() => encodeGraph(graph)).toThrow('internal: the body of Scan_0 reads outer from outside');
  });
});

describe('share-common', () => {
  it('does not take two Scans of different bodies for one', async () => {
    const result = await expectSame(
      graphOf((g) => {
        const h = g.input('h', [2], 'float32');
        const x = g.input('x', [3, 2], 'float32');
        // The same operators on the same operands: only a constant within the body differs.
        return [0.5, 0.25].map((rate) => g.unary('Neg', decay(g, h, x, rate)[1] as Value));
      }),
      passes['share-common'],
    );
    expect(opsOf(result).filter((op) => op === 'Scan')).toHaveLength(2);
  });
});

describe('dead-code', () => {
  const graph = (outputs: readonly number[], reverse = false) =>
    graphOf((g) => {
      const h = g.input('h', [2], 'float32');
      const x = g.input('x', [3, 2], 'float32');
      const made = decay(g, h, x, g.input('factor', [], 'float32'), reverse);
      return outputs.map((i) => g.unary('Neg', made[i] as Value));
    });

  it('takes out of a Scan the results of each step that nothing reads', async () => {
    const result = await expectSame(graph([0]), passes['dead-code']);
    expect(result.nodes[0]?.outputs).toHaveLength(1);
    expect(opsOf(bodyOf(result))).toEqual(['Mul', 'Add']);
  });

  it('takes out state that serves itself alone, and what only it needed', async () => {
    const result = await expectSame(graph([2], true), passes['dead-code']);
    expect(opsOf(bodyOf(result))).toEqual(['Exp']);
    expect(result.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(result.nodes[0]?.attributes).toMatchObject({
      num_scan_inputs: 1,
      scan_input_directions: [1],
      scan_output_directions: [1],
    });
  });

  it('keeps a sequence that nothing reads when no other is left', async () => {
    const result = await expectSame(
      graphOf((g) => {
        const body = graphOf((b) => {
          const h = b.input('h', [2], 'float32');
          b.input('x', [2], 'float32');
          return [b.binary('Add', h, h)];
        });
        return g.ops(
          'Scan',
          [g.input('h', [2], 'float32'), g.input('x', [3, 2], 'float32')],
          [{ shape: [2], type: 'float32' }],
          { body: { body, captured: 0 }, num_scan_inputs: 1 },
        );
      }),
      passes['dead-code'],
    );
    expect(result.nodes[0]?.inputs.map((input) => input?.name)).toEqual(['h', 'x']);
  });
});

describe('improve', () => {
  it('improves the graphs within nodes too, and keeps their inputs', async () => {
    const result = await expectSame(
      graphOf((g) => {
        const body = graphOf((b) => {
          const h = b.input('h', [2, 3], 'float32');
          b.input('unread', [4], 'float32');
          const w = b.input('w', [3, 3], 'float32');
          const product = b.op('Gemm', [h, w], [2, 3], 'float32');
          return [b.binary('Add', product, b.binary('Mul', h, b.scalar(1)))];
        });
        return g.ops(
          'Scan',
          [g.input('h', [2, 3], 'float32'), g.input('x', [5, 4], 'float32'), g.input('w', [3, 3], 'float32')],
          [{ shape: [2, 3], type: 'float32' }],
          { body: { body, captured: 1 }, num_scan_inputs: 1 },
        );
      }),
      (graph) => improve(graph),
    );
    expect(opsOf(bodyOf(result))).toEqual(['Gemm']);
    expect(bodyOf(result).inputs).toHaveLength(3);
  });
});
