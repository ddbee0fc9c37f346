// Graphs with a Scan, for tests of what looks into bodies or must not.
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Graph, Value } from '../../src/graph/graph.js';

/** h' = h * factor + x; each step gives h' and exp(x). The factor is captured; with `rate`, a constant, instead. */
export function decayBody(rate?: number): Graph {
  const body = new GraphBuilder();
  const h = body.input('t1', [2], 'float32');
  const x = body.input('t2', [2], 'float32');
  const factor = rate === undefined ? body.input('t3', [], 'float32') : body.scalar(rate);
  const next = body.binary('Add', body.binary('Mul', h, factor), x);
  return body.build([next, body.unary('Identity', next), body.unary('Exp', x)]);
}

/** The last state, all states and all exp(x) of a decay over sequence `x` [3, 2] from `h` [2]. */
export function decay(g: GraphBuilder, h: Value, x: Value, factor: Value | number, reverse = false): Value[] {
  const constant = typeof factor === 'number';
  return g.ops(
    'Scan',
    constant ? [h, x] : [h, x, factor],
    [
      { shape: [2], type: 'float32' },
      { shape: [3, 2], type: 'float32' },
      { shape: [3, 2], type: 'float32' },
    ],
    {
      body: { body: decayBody(constant ? factor : undefined), captured: constant ? 0 : 1 },
      num_scan_inputs: 1,
      ...(reverse ? { scan_input_directions: [1], scan_output_directions: [1, 1] } : {}),
    },
  );
}
