// `scan` recorded as one ONNX Scan, beside the same cell run step by step.
import * as tf from '@tensorflow/tfjs';
import { type Cell, createEngine, type NamedTensors, scan } from '@potstill/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectAgreement, lossOf, numbers, variableOf } from '../helpers/agree.js';

type Tensors = Record<string, tf.Tensor>;
type Shapes = Readonly<Record<string, readonly number[]>>;
type PlainCell = Cell<Tensors, Tensors, Tensors, Tensors>;

interface Operands {
  readonly carry: Shapes;
  readonly sequences: Shapes;
  readonly constants?: Shapes;
  readonly reverse?: boolean;
}

/** Every operand is a variable, so every gradient is compared. `used`: what the loss is made of. */
async function expectTrains(
  cell: PlainCell,
  { carry, sequences, constants = {}, reverse = false }: Operands,
  used: (results: { carry: Tensors; y: Tensors }) => NamedTensors = ({ carry, y }) => ({
    ...carry,
    ...Object.fromEntries(Object.entries(y).map(([name, tensor]) => [`y ${name}`, tensor])),
  }),
): Promise<void> {
  const made = { ...carry, ...sequences, ...constants };
  const variables = Object.entries(made).map(([name, shape]) => variableOf(name, shape));
  const named = (shapes: Shapes): Tensors =>
    Object.fromEntries(
      variables.flatMap(({ name, variable }) =>
        name in shapes ? [[name, variable as tf.Tensor] as const] : [],
      ),
    );
  await expectAgreement(
    variables,
    () => {
      const results = scan(cell, {
        carry: named(carry),
        sequences: named(sequences),
        constants: named(constants),
        reverse,
      });
      return { loss: lossOf(used(results)) };
    },
    {},
  );
}

const at = (tensors: Tensors, name: string): tf.Tensor2D => tensors[name] as tf.Tensor2D;

/** h' = tanh(x w + h u + b), of which every step gives h'. */
const plain: PlainCell = (carry, x, constants) => {
  const [h, w, u, b] = [at(carry, 'h'), at(constants, 'w'), at(constants, 'u'), at(constants, 'b')];
  const next: tf.Tensor2D = tf.tanh(tf.add(tf.add(tf.matMul(at(x, 'x'), w), tf.matMul(h, u)), b));
  return { carry: { h: next }, y: { all: next } };
};

const plainShapes = (time: number, batch: number, features: number, units: number): Operands => ({
  carry: { h: [batch, units] },
  sequences: { x: [time, batch, features] },
  constants: { w: [features, units], u: [units, units], b: [units] },
});

describe('scan', () => {
  it.each([
    [1, 1, 1, 1],
    [5, 3, 2, 4],
    [4, 1, 3, 1],
    [2, 2, 1, 5],
  ])('trains a plain cell: %i steps, batch %i, %i features, %i units', async (...sizes) => {
    await expectTrains(plain, plainShapes(...sizes));
    await expectTrains(plain, { ...plainShapes(...sizes), reverse: true });
  });

  it.each([
    ['the last state', (results: { carry: Tensors }) => results.carry],
    ['what the steps gave', (results: { y: Tensors }) => results.y],
    ['one step alone', ({ y }: { y: Tensors }) => ({ one: tf.slice(at(y, 'all'), [2], [1]) })],
  ])('trains when only %s is used', async (_, used) => {
    await expectTrains(plain, plainShapes(4, 3, 2, 3), used);
  });

  it('holds for any sizes', async () => {
    const size = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        size,
        size,
        fc.boolean(),
        async (time, batch, features, units, reverse) => {
          await expectTrains(plain, { ...plainShapes(time, batch, features, units), reverse });
        },
      ),
      { numRuns: 12, seed: 3 },
    );
  });

  it('trains several states and sequences, some of which lead nowhere', async () => {
    const cell: PlainCell = (carry, x, constants) => ({
      carry: {
        // In another order than they came.
        memory: tf.add(tf.mul(at(carry, 'memory'), tf.sigmoid(at(x, 'gate'))), at(carry, 'h')),
        h: tf.sin(tf.add(at(carry, 'memory'), at(x, 'value'))),
        kept: at(carry, 'kept'),
      },
      y: { scaled: tf.mul(at(carry, 'h'), at(constants, 'scale')), value: at(x, 'value') },
    });
    await expectTrains(cell, {
      carry: { h: [2, 3], memory: [2, 3], kept: [2, 2] },
      sequences: { gate: [4, 2, 3], value: [4, 2, 3], unread: [4, 2] },
      constants: { scale: [3], unused: [2, 2] },
    });
  });

  it('sums the gradients of constants whatever is made of them', async () => {
    const cell: PlainCell = ({ h }, { x }, constants) => {
      const w = at(constants, 'w');
      // Twice, transposed, in parts, squared, as a row: products, sums and neither.
      const terms = [
        tf.matMul(h as tf.Tensor2D, w),
        tf.matMul(x as tf.Tensor2D, w, false, true),
        tf.matMul(tf.slice(x as tf.Tensor2D, [0, 0], [-1, 2]), tf.slice(w, [1, 0], [2, 3])),
        tf.mul(h as tf.Tensor2D, tf.mean(tf.square(w), 0)),
        tf.mul(x as tf.Tensor2D, at(constants, 'row')),
        at(constants, 'bias'),
      ];
      const next = tf.tanh(terms.reduce((sum, term) => tf.add(sum, term)));
      return { carry: { h: next }, y: {} };
    };
    await expectTrains(cell, {
      carry: { h: [2, 3] },
      sequences: { x: [5, 2, 3] },
      constants: { w: [3, 3], row: [1, 3], bias: [3] },
    });
  });

  it('trains what has no state, and states that no sequence changes', async () => {
    await expectTrains(
      (_, x, { w }) => ({ carry: {}, y: { product: tf.relu(tf.matMul(at(x, 'x'), w as tf.Tensor2D)) } }),
      { carry: {}, sequences: { x: [3, 2, 4] }, constants: { w: [4, 2] } },
    );
    await expectTrains(
      ({ h }, _, { w }) => ({ carry: { h: tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D) }, y: {} }),
      {
        carry: { h: [2, 3] },
        sequences: { clock: [4] },
        constants: { w: [3, 3] },
      },
    );
  });

  it('carries integers and truth values along, without gradients', async () => {
    const [w, x] = [variableOf('w', [3]), variableOf('x', [5, 3])];
    await expectAgreement(
      [w, x],
      () => {
        const { carry, y } = scan(
          ({ h, count, odd }, part, constants) => {
            const next = tf.where(odd, tf.mul(h, constants.w), tf.add(h, part.x));
            return {
              carry: { h: next, count: tf.add(count, tf.scalar(1, 'int32')), odd: tf.logicalNot(odd) },
              y: { count, above: tf.greater(h, 0) },
            };
          },
          {
            carry: { h: tf.zeros([3]), count: tf.scalar(7, 'int32'), odd: tf.zeros([3], 'bool') },
            sequences: { x: x.variable },
            constants: { w: w.variable },
          },
        );
        const counts = tf.cast(tf.add(tf.sum(y.count), carry.count), 'float32');
        const above = tf.cast(y.above, 'float32');
        return { loss: tf.add(lossOf({ h: carry.h, above }), counts).asScalar() };
      },
      {},
    );
  });

  it('takes a scan within a cell', async () => {
    const cell: PlainCell = ({ h }, x, { w }) => {
      const inner = scan(
        (carry: Tensors, part: Tensors, constants: Tensors) => {
          const next = tf.tanh(tf.add(tf.matMul(at(carry, 's'), at(constants, 'w')), at(part, 'row')));
          return { carry: { s: next }, y: { square: tf.square(next) } };
        },
        {
          carry: { s: h as tf.Tensor2D },
          sequences: { row: at(x, 'x') },
          constants: { w: w as tf.Tensor2D },
        },
      );
      return {
        carry: { h: at(inner.carry, 's') },
        y: { sum: tf.sum<tf.Tensor2D>(at(inner.y, 'square'), 0) },
      };
    };
    await expectTrains(cell, {
      carry: { h: [2, 3] },
      sequences: { x: [4, 3, 2, 3] },
      constants: { w: [3, 3] },
    });
  });

  it('runs twice in a step, one over the other', async () => {
    const variables = ['w', 'u', 'b', 'h', 'w2', 'u2'].map((name) =>
      variableOf(name, name === 'b' ? [3] : name === 'h' ? [2, 3] : [3, 3]),
    );
    const [w, u, b, h, w2, u2] = variables.map(({ variable }) => variable as tf.Tensor as tf.Tensor2D) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    await expectAgreement(
      variables,
      ({ x }) => {
        const first = scan(plain, { carry: { h }, sequences: { x: x as tf.Tensor }, constants: { w, u, b } });
        const second = scan(plain, {
          carry: { h: at(first.carry, 'h') },
          sequences: { x: at(first.y, 'all') },
          constants: { w: w2, u: u2, b },
          reverse: true,
        });
        return { loss: lossOf({ all: at(second.y, 'all') }) };
      },
      { x: numbers('x', [4, 2, 3]) },
    );
  });
});

describe('scan of nothing', () => {
  it.each(['onnx', 'cpu'] as const)('gives the state back, and empty results, on %s', async (backend) => {
    const engine = await createEngine({ backend, threads: 1 });
    const predictor = await engine.predictor({
      variables: [],
      forward: ({ x, h }) => {
        const { carry, y } = scan((state: Tensors) => ({ carry: state, y: { h: at(state, 'h') } }), {
          carry: { h: h as tf.Tensor2D },
          sequences: { x: x as tf.Tensor },
        });
        return { last: at(carry, 'h'), all: at(y, 'h') };
      },
    });
    const results = await predictor.run({ x: numbers('x', [0, 2]), h: numbers('h', [2, 3]) });
    expect(results.last).toEqual(numbers('h', [2, 3]));
    expect(results.all).toEqual({ dtype: 'float32', shape: [0, 2, 3], data: new Float32Array(0) });
    const noBatch = await predictor.run({ x: numbers('x', [4, 0]), h: numbers('h', [0, 3]) });
    expect([noBatch.last?.shape, noBatch.all?.shape]).toEqual([
      [0, 3],
      [4, 0, 3],
    ]);
    await engine.dispose();
  });

  it('trains on sequences without steps', async () => {
    await expectTrains(plain, plainShapes(0, 2, 3, 2), ({ carry }) => carry);
  });
});
