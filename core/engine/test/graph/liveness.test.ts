// How much memory a graph's values take at once: by hand, and against a slow count on random graphs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, Node, Value } from '../../src/graph/graph.js';
import { bytesOf, peakBytes, runOrder } from '../../src/graph/liveness.js';
import { graphOf } from '../helpers/graph.js';

describe('bytesOf', () => {
  it('counts by type', () => {
    expect(bytesOf({ shape: [3, 5], type: 'float32' })).toBe(60);
    expect(bytesOf({ shape: [3, 5], type: 'bool' })).toBe(15);
    expect(bytesOf({ shape: [], type: 'int64' })).toBe(8);
    expect(bytesOf({ shape: [3, 0], type: 'int32' })).toBe(0);
  });
});

describe('peakBytes', () => {
  it('is 0 for a graph whose only values are inputs and outputs', () => {
    const graph = graphOf((g) => [g.unary('Neg', g.input('x', [10], 'float32'))]);
    expect(peakBytes(graph)).toBe(0);
  });

  it('counts one piece of memory for a chain of elementwise operators', () => {
    const graph = graphOf((g) => {
      let x = g.input('x', [100], 'float32');
      for (let i = 0; i < 10; i++) x = g.unary('Sin', x);
      return [x];
    });
    expect(peakBytes(graph)).toBe(400);
  });

  it('counts two where an operator cannot write over its input', () => {
    const graph = graphOf((g) => {
      let x = g.input('x', [10, 10], 'float32');
      for (let i = 0; i < 5; i++) x = g.transpose(x, [1, 0]);
      return [x];
    });
    expect(peakBytes(graph)).toBe(800);
  });

  it('keeps what the backward pass reads until it is read', () => {
    // tanh five times, and its gradient: each layer's output is read again on the way back.
    const graph = graphOf((g) => {
      let x = g.input('x', [100], 'float32');
      const layers = Array.from({ length: 5 }, () => (x = g.unary('Tanh', x)));
      let dy = g.unary('Neg', x);
      for (const y of layers.toReversed()) dy = g.binary('Mul', dy, y);
      return [dy];
    });
    // Five outputs and what flows back.
    expect(peakBytes(graph)).toBe(2400);
  });

  it('takes no memory for views, and keeps what they show', () => {
    const graph = graphOf((g) => {
      const x = g.transpose(g.input('x', [10, 20], 'float32'), [1, 0]);
      const flat = g.reshape(x, [200]);
      return [
        g.reduce('ReduceSum', flat, [0], false),
        g.reduce('ReduceMax', g.reshape(flat, [4, 50]), [0, 1], false),
      ];
    });
    expect(peakBytes(graph)).toBe(800);
  });

  it('does not write over an input that is a view of something read later', () => {
    const graph = graphOf((g) => {
      const x = g.transpose(g.input('x', [10, 20], 'float32'), [1, 0]);
      const bent = g.unary('Sin', g.reshape(x, [200]));
      return [
        g.op('Concat', [bent, g.reshape(g.transpose(x, [1, 0]), [200])], [400], 'float32', { axis: 0 }),
      ];
    });
    // x is still to be transposed when the sine is taken, whichever runs first.
    expect(peakBytes(graph)).toBe(1600);
  });

  it('counts what a graph within a node takes', () => {
    const body = graphOf((g) => {
      const x = g.transpose(g.input('x', [10, 10], 'float32'), [1, 0]);
      return [g.reduce('ReduceSum', x, [0, 1], false)];
    });
    const graph = graphOf((g) => {
      const x = g.input('x', [5, 10, 10], 'float32');
      return [g.op('Scan', [x], [5], 'float32', { body: { body, captured: 0 } })];
    });
    expect(peakBytes(graph)).toBe(400);
  });
});

/** A random graph of operators that write over nothing: each node reads one or two values before it. */
const randomGraph = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 40 })), { minLength: 1, maxLength: 30 })
  .chain((rows) => fc.tuple(fc.constant(rows), fc.integer({ min: 0, max: rows.length - 1 })))
  .map(([rows, output]): Graph => {
    const x: Value = { name: 'x', shape: [7], type: 'float32' };
    const values = [x];
    const nodes = rows.map(([a, b, size], i): Node => {
      const inputs = [values[a % values.length], values[b % values.length]];
      const made: Value = { name: `t${i}`, shape: [size], type: 'float32' };
      values.push(made);
      return { op: 'Gather', inputs, outputs: [made], attributes: {}, origin: undefined };
    });
    const last = nodes.at(-1) as Node;
    const outputs = [...new Set([...(nodes[output] as Node).outputs, ...last.outputs])];
    return { inputs: [x], outputs, constants: new Map(), nodes };
  });

describe('runOrder', () => {
  it('runs every node once, after what it reads', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        const order = runOrder(graph);
        expect(new Set(order)).toEqual(new Set(graph.nodes));
        expect(order).toHaveLength(graph.nodes.length);
        const made = new Set<Value | undefined>(graph.inputs);
        for (const { inputs, outputs } of order) {
          for (const input of inputs) expect(made.has(input)).toBe(true);
          for (const output of outputs) made.add(output);
        }
      }),
    );
  });

  it('gives the peak that counting at every node gives', () => {
    fc.assert(
      fc.property(randomGraph, (graph) => {
        const order = runOrder(graph);
        const counted = order.map((_, i) => {
          const made = order.slice(0, i + 1).flatMap(({ outputs }) => outputs);
          const read = new Set(order.slice(i).flatMap(({ inputs }) => inputs));
          const own = new Set(order[i]?.outputs);
          return made
            .filter((value) => !graph.outputs.includes(value) && (read.has(value) || own.has(value)))
            .reduce((sum, value) => sum + bytesOf(value), 0);
        });
        expect(peakBytes(graph)).toBe(Math.max(...counted));
      }),
    );
  });
});
