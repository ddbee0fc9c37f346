// Each pass: graph in, graph out, and the same numbers.
import { describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { createEngine, sgd } from '@potstill/engine';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { kernelTable } from '../../src/kernels/index.js';
import { improve, type Pass, passes } from '../../src/passes/index.js';
import { portable } from '../../src/graph/target.js';
import { lower } from '../../src/record/lower.js';
import { recordStep } from '../../src/record/step.js';
import { allClose } from '../helpers/close.js';
import { graphOf, opsOf, runGraph } from '../helpers/graph.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

/** Applies one pass, checks that the numbers stay, and gives the operators that are left. */
async function left(pass: Pass, build: (g: GraphBuilder) => readonly Value[]): Promise<string[]> {
  const graph = graphOf(build);
  const result = pass(graph, portable);
  const before = await runGraph(graph);
  const after = await runGraph(result);
  expect(after.map(({ shape }) => shape)).toEqual(before.map(({ shape }) => shape));
  after.forEach(({ data }, i) => allClose(data, before[i]?.data ?? [], { absolute: 1e-6, relative: 1e-5 }));
  return opsOf(result);
}

describe('dead-code', () => {
  const pass = passes['dead-code'];

  it('removes what no output needs, inputs and constants too', () => {
    const graph = pass(
      graphOf((g) => {
        const x = g.input('x', [2], 'float32');
        g.unary('Exp', g.input('unused', [3], 'float32'));
        g.binary('Add', x, g.scalar(7));
        return [g.unary('Neg', x)];
      }),
    );
    expect(opsOf(graph)).toEqual(['Neg']);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.constants.size).toBe(0);
  });

  it('keeps a node of which one output is used', () => {
    const graph = pass(
      graphOf((g) => {
        const x = g.input('x', [2, 4], 'float32');
        const halves = g.ops(
          'Split',
          [x],
          [
            { shape: [2, 2], type: 'float32' },
            { shape: [2, 2], type: 'float32' },
          ],
          { axis: 1, num_outputs: 2 },
        );
        return [g.unary('Neg', halves[1] as Value)];
      }),
    );
    expect(opsOf(graph)).toEqual(['Split', 'Neg']);
  });
});

describe('fold-constants', () => {
  const pass = passes['fold-constants'];

  it('reduces the start of a backward pass to one number', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [40, 10], 'float32');
      const ones = g.op('Expand', [g.scalar(1), g.ints([40])], [40], 'float32');
      const mean = g.binary('Div', g.binary('Mul', ones, g.scalar(-3)), g.scalar(40));
      const wide = g.op('Expand', [g.reshape(mean, [40, 1]), g.ints([40, 10])], [40, 10], 'float32');
      return [g.binary('Mul', wide, x)];
    });
    expect(ops).toEqual(['Mul']);
  });

  it.each(['Mul', 'Add'])('drops the neutral element of %s on either side', async (op) => {
    const unit = op === 'Mul' ? 1 : 0;
    const ops = await left(pass, (g) => {
      const x = g.unary('Exp', g.input('x', [3], 'float32'));
      return [g.unary('Neg', g.binary(op, g.binary(op, x, g.scalar(unit)), g.scalar(unit)))];
    });
    expect(ops).toEqual(['Exp', 'Neg']);
  });

  it('keeps an operation with a neutral element that broadcasts', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [1, 3], 'float32');
      return [g.binary('Mul', x, g.constant(new Float32Array(6).fill(1), [2, 3], 'float32'))];
    });
    expect(ops).toEqual(['Mul']);
  });

  it('does not take 1 - x or 1 / x for x', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [3], 'float32');
      return [g.binary('Sub', g.scalar(0), x), g.binary('Div', g.scalar(1), x)];
    });
    expect(ops).toEqual(['Sub', 'Div']);
  });

  it('gives an output that is one number a node of its own', async () => {
    const ops = await left(pass, (g) => [g.binary('Add', g.scalar(1), g.scalar(2))]);
    expect(ops).toEqual(['Identity']);
  });
});

describe('cancel-shuffles', () => {
  const pass = passes['cancel-shuffles'];

  it('cancels transposes and reshapes that undo one another', async () => {
    const ops = await left(pass, (g) => {
      const x = g.unary('Exp', g.input('x', [2, 3, 4], 'float32'));
      const there = g.transpose(x, [2, 0, 1]);
      const back = g.transpose(there, [1, 2, 0]);
      return [g.unary('Neg', g.reshape(g.reshape(back, [6, 4]), [2, 3, 4]))];
    });
    expect(ops).toEqual(['Exp', 'Neg']);
  });

  it('makes one of two that do not', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [2, 3, 4], 'float32');
      return [g.transpose(g.transpose(x, [2, 0, 1]), [2, 0, 1]), g.reshape(g.reshape(x, [6, 4]), [8, 3])];
    });
    expect(ops).toEqual(['Transpose', 'Reshape']);
  });

  it('turns a transpose that moves only axes of length 1 into a reshape', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [2, 1, 4], 'float32');
      return [g.transpose(x, [1, 0, 2])];
    });
    expect(ops).toEqual(['Reshape']);
  });

  it('keeps the shape of tensors without elements', async () => {
    const ops = await left(pass, (g) => {
      const x = g.input('x', [1, 0, 4], 'float32');
      return [g.transpose(x, [1, 0, 2]), g.reshape(g.reshape(x, [4, 0]), [2, 0, 3])];
    });
    expect(ops).toEqual(['Reshape', 'Reshape']);
  });

  it('keeps outputs apart that become the same value', async () => {
    const ops = await left(pass, (g) => {
      const x = g.unary('Exp', g.input('x', [2], 'float32'));
      return [x, g.unary('Identity', x)];
    });
    expect(ops).toEqual(['Exp', 'Identity']);
  });
});

describe('share-common', () => {
  it('computes once what has the same operator, operands and attributes', async () => {
    const ops = await left(passes['share-common'], (g) => {
      const x = g.input('x', [2, 3], 'float32');
      const sums = [0, 0, 1].map((axis) => g.reduce('ReduceSum', g.unary('Exp', x), [axis], true));
      return [g.binary('Add', g.binary('Add', sums[0] as Value, sums[1] as Value), sums[2] as Value)];
    });
    expect(ops).toEqual(['Exp', 'ReduceSum', 'ReduceSum', 'Add', 'Add']);
  });
});

describe('fuse-gemm-add', () => {
  const pass = passes['fuse-gemm-add'];
  const gemm = (g: GraphBuilder): Value =>
    g.op('Gemm', [g.input('a', [4, 2], 'float32'), g.input('b', [4, 3], 'float32')], [2, 3], 'float32', {
      transA: 1,
    });

  it('takes a scaled addend into beta: momentum', async () => {
    const ops = await left(pass, (g) => {
      const m = g.input('m', [2, 3], 'float32');
      return [g.binary('Add', g.binary('Mul', m, g.scalar(0.9)), gemm(g))];
    });
    expect(ops).toEqual(['Gemm']);
  });

  it.each([[[3]], [[1, 3]], [[2, 1]], [[]]])('takes a bias of shape %j', async (shape) => {
    const ops = await left(pass, (g) => [g.binary('Add', gemm(g), g.input('bias', shape, 'float32'))]);
    expect(ops).toEqual(['Gemm']);
  });

  it('works through a reshape: filters', async () => {
    const ops = await left(pass, (g) => {
      const m = g.input('m', [1, 2, 3], 'float32');
      return [g.binary('Add', g.binary('Mul', m, g.scalar(0.9)), g.reshape(gemm(g), [1, 2, 3]))];
    });
    expect(ops).toEqual(['Reshape', 'Gemm', 'Reshape']);
  });

  it('leaves a product alone that something else uses, and a sum that is larger', async () => {
    const shared = await left(pass, (g) => {
      const y = gemm(g);
      return [g.binary('Add', y, g.scalar(1)), g.unary('Neg', y)];
    });
    expect(shared).toEqual(['Gemm', 'Add', 'Neg']);
    const larger = await left(pass, (g) => [g.binary('Add', gemm(g), g.input('many', [5, 2, 3], 'float32'))]);
    expect(larger).toEqual(['Gemm', 'Add']);
  });
});

describe('sink-transposes', () => {
  const both: Pass = (graph) => passes['cancel-shuffles'](passes['sink-transposes'](graph));
  const last = [0, 2, 3, 1];
  const first = [0, 3, 1, 2];

  it('lets the transposes around an activation cancel, bias and mask included', async () => {
    const ops = await left(both, (g) => {
      const x = g.unary('Exp', g.input('x', [2, 3, 4, 5], 'float32'));
      const biased = g.binary('Add', g.transpose(x, last), g.input('bias', [3], 'float32'));
      const relu = g.unary('Relu', biased);
      const mask = g.cast(g.binary('Greater', biased, g.scalar(0), 'bool'), 'float32');
      return [g.unary('Neg', g.transpose(g.binary('Mul', relu, mask), first))];
    });
    expect(ops).not.toContain('Transpose');
  });

  it('moves operands without elements', async () => {
    await left(both, (g) => {
      const x = g.transpose(g.input('x', [2, 3, 0, 5], 'float32'), last);
      return [g.binary('Add', x, g.input('y', [0, 1, 1], 'float32'))];
    });
  });

  it('leaves operands alone that would need a transpose of their own', async () => {
    const ops = await left(both, (g) => {
      const x = g.input('x', [2, 3, 4, 5], 'float32');
      return [g.binary('Add', g.transpose(x, last), g.input('y', [2, 4, 5, 3], 'float32'))];
    });
    expect(ops).toEqual(['Transpose', 'Add']);
  });

  it('leaves different transposes alone, and results of a higher rank', async () => {
    const different = await left(both, (g) => {
      const x = g.input('x', [2, 2, 2], 'float32');
      return [g.binary('Add', g.transpose(x, [1, 2, 0]), g.transpose(x, [2, 0, 1]))];
    });
    expect(different).toEqual(['Transpose', 'Transpose', 'Add']);
    const higher = await left(both, (g) => {
      const x = g.input('x', [2, 3], 'float32');
      return [g.binary('Add', g.transpose(x, [1, 0]), g.input('y', [4, 1, 1], 'float32'))];
    });
    expect(higher).toEqual(['Transpose', 'Add']);
  });
});

describe('fuse-conv-bias', () => {
  const pass = passes['fuse-conv-bias'];
  const conv = (g: GraphBuilder): Value =>
    g.op(
      'Conv',
      [g.input('x', [2, 3, 4, 4], 'float32'), g.input('w', [5, 3, 1, 1], 'float32')],
      [2, 5, 4, 4],
      'float32',
      { kernel_shape: [1, 1] },
    );

  it('takes one number a channel', async () => {
    const ops = await left(pass, (g) => [
      g.binary('Add', conv(g), g.reshape(g.input('b', [5], 'float32'), [1, 5, 1, 1])),
    ]);
    expect(ops).toEqual(['Conv']);
    const short = await left(pass, (g) => [g.binary('Add', g.input('b', [5, 1, 1], 'float32'), conv(g))]);
    expect(short).toEqual(['Reshape', 'Conv']);
  });

  it('leaves alone what differs within a channel, and a product that something else uses', async () => {
    const within = await left(pass, (g) => [g.binary('Add', conv(g), g.input('b', [4], 'float32'))]);
    expect(within).toEqual(['Conv', 'Add']);
    const shared = await left(pass, (g) => {
      const y = conv(g);
      return [g.binary('Add', y, g.input('b', [5, 1, 1], 'float32')), g.unary('Neg', y)];
    });
    expect(shared).toEqual(['Conv', 'Add', 'Neg']);
  });
});

describe('mask-from-relu', () => {
  const pass = passes['mask-from-relu'];
  const compare = (g: GraphBuilder, x: Value, than: number): Value =>
    g.cast(g.binary('Greater', x, g.scalar(than), 'bool'), 'float32');
  const clip = (g: GraphBuilder, x: Value, low: number, high: number): Value =>
    g.op('Clip', [x, g.scalar(low), g.scalar(high)], x.shape, 'float32');

  const step = (g: GraphBuilder, x: Value, alpha: number, beta: number): Value =>
    g.unary('HardSigmoid', x, { alpha: { float: alpha }, beta: { float: beta } });

  it.each([
    ['a step', (g: GraphBuilder, x: Value) => step(g, x, 3.4e38, 0), true],
    ['a step down', (g: GraphBuilder, x: Value) => step(g, x, -3.4e38, 0), false],
    ['a step elsewhere', (g: GraphBuilder, x: Value) => step(g, x, 4, 1), false],
    ['a hard sigmoid', (g: GraphBuilder, x: Value) => g.unary('HardSigmoid', x), false],
    ['x > 0', (g: GraphBuilder, x: Value) => compare(g, x, 0), true],
    ['x clipped to [0, 1]', (g: GraphBuilder, x: Value) => clip(g, x, 0, 1), true],
    ['x > -1', (g: GraphBuilder, x: Value) => compare(g, x, -1), false],
    ['x clipped to [-1, 1]', (g: GraphBuilder, x: Value) => clip(g, x, -1, 1), false],
  ])('for %s reads the ReLU of x where that is the same', async (_, mask, moved) => {
    const build = (g: GraphBuilder): Value[] => {
      const x = g.unary('Neg', g.input('x', [3], 'float32'));
      return [g.unary('Relu', x), mask(g, x)];
    };
    await left(pass, build);
    const graph = pass(graphOf(build));
    const relu = graph.nodes.find(({ op }) => op === 'Relu');
    const masked = graph.nodes.find(({ op }) => ['Greater', 'Clip', 'HardSigmoid'].includes(op));
    expect(masked?.inputs[0] === relu?.outputs[0]).toBe(moved);
  });
});

describe('all passes', () => {
  it('leave an MLP step with few nodes and no separate momentum', () => {
    const model = mlp([6, 8, 8, 3], sgd({ momentum: 0.9 }));
    const step = recordStep(kernelTable, model.definition, mlpBatch(4, [6, 8, 8, 3]));
    const raw = lower(kernelTable, [step.loss, ...step.changes.map(({ next }) => next)]);
    const graph = improve(raw);
    model.dispose();
    expect(graph.outputs.length).toBe(raw.outputs.length);
    expect(graph.nodes.length).toBeLessThanOrEqual(80);
    expect(graph.nodes.filter(({ op, attributes }) => op === 'Gemm' && 'beta' in attributes)).toHaveLength(3);
  });

  it.each(Object.keys(passes))('train the same without %s', async (name) => {
    const losses = await Promise.all(
      [{}, { [name]: false }].map(async (switches) => {
        const engine = await createEngine({ threads: 1, passes: switches });
        const model = mlp();
        const session = await engine.training(model.definition);
        let loss = 0;
        for (let i = 0; i < 3; i++) ({ loss } = await session.train(mlpBatch(4), { rate: 0.1 }));
        await engine.dispose();
        model.dispose();
        return loss;
      }),
    );
    expect(losses[1]).toBeCloseTo(losses[0] as number, 5);
    expect(tf.getBackend()).toBe('cpu');
  });
});
