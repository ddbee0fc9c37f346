// Checkpointing: the same numbers as without, in less memory; what it finds, and what it refuses.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkpoint,
  createEngine,
  dropout,
  type HostTensors,
  type NamedVariable,
  randomStream,
  sgd,
  type StepContext,
  type TrainingDefinition,
} from '@potstill/engine';
import { peakBytes } from '../../src/graph/liveness.js';
import { portable } from '../../src/graph/target.js';
import { kernelTable } from '../../src/kernels/index.js';
import { stepGraph } from '../../src/session/compiled-step.js';
import { tensorsClose } from '../helpers/close.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(async () => {
  await onnx.dispose();
  await cpu.dispose();
});

type Wrap = (f: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) => tf.Tensor;
const plain: Wrap = (f) => f;
const recomputed: Wrap = (f) => checkpoint(f);

/** Blocks of layers with dropout and a statistic that each assigns. */
function blocks(
  wrap: Wrap,
  { depth = 6, block = 2, width = 8, rate = 0.3 } = {},
): TrainingDefinition & { dispose(): void } {
  const random = randomStream(17);
  const variables: NamedVariable[] = [];
  const make = (name: string, shape: number[], scale: number, trainable = true): tf.Variable => {
    const size = shape.reduce((product, length) => product * length, 1);
    const variable = tf.tidy(() =>
      tf.variable(tf.tensor(random.child(name).normal(size), shape).mul(scale / Math.sqrt(width))),
    );
    variables.push({ name, variable, trainable });
    return variable;
  };
  const layers = Array.from({ length: depth }, (_, i) => ({
    w: make(`w${i}`, [width, width], 1.5) as tf.Tensor as tf.Tensor2D,
    b: make(`b${i}`, [width], 0.1),
    mean: make(`mean${i}`, [width], 0, false),
  }));
  const layer = (x: tf.Tensor, i: number, at: StepContext): tf.Tensor => {
    const { w, b, mean } = layers[i] as (typeof layers)[number];
    const z = tf.add(tf.matMul(x as tf.Tensor2D, w), b);
    mean.assign(tf.add(tf.mul(mean, 0.9), tf.mul(tf.mean(z, 0), 0.1)));
    // Reads what it has just assigned: the second time it must be what it was.
    return dropout(tf.tanh(tf.sub(z, mean)), rate, at);
  };
  return {
    variables,
    loss: ({ x }, at) => {
      let h = x as tf.Tensor;
      for (let i = 0; i < depth; i += block)
        h = wrap((y) => {
          let z = y;
          for (let j = i; j < i + block; j++) z = layer(z, j, at);
          return z;
        })(h);
      return { loss: tf.mean<tf.Scalar>(tf.square(h)), first: tf.mean<tf.Scalar>(h) };
    },
    optimizer: sgd({ momentum: 0.9 }),
    random: random.child('steps'),
    dispose: () => variables.forEach(({ variable }) => variable.dispose()),
  };
}

const batch = (size: number, width = 8, index = 0): HostTensors => ({
  x: {
    dtype: 'float32',
    shape: [size, width],
    data: randomStream(9)
      .at(index)
      .normal(size * width),
  },
});

describe.each([
  ['onnx', onnx],
  ['cpu', cpu],
] as const)('checkpoint on %s', (_, engine) => {
  it('trains to the same weights, statistics and losses', async () => {
    const [a, b] = [blocks(plain), blocks(recomputed)];
    const [reference, session] = [await engine.training(a), await engine.training(b)];
    for (let i = 0; i < 5; i++) {
      const expected = await reference.train(batch(6, 8, i), { rate: 0.1 });
      const got = await session.train(batch(6, 8, i), { rate: 0.1 });
      expect(got.loss).toBeCloseTo(expected.loss, 6);
      expect(got.terms.first).toBeCloseTo(expected.terms.first ?? NaN, 6);
    }
    const [expected, got] = [await reference.snapshot(), await session.snapshot()];
    tensorsClose(got.variables, expected.variables, { absolute: 1e-6, relative: 1e-5 });
    tensorsClose(got.slots, expected.slots, { absolute: 1e-6, relative: 1e-5 });
    a.dispose();
    b.dispose();
  });

  it('passes gradients to each argument that is float, and to variables', async () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([2, 3, 4])));
    const v = tf.tidy(() => tf.variable(tf.tensor1d([1, 1, 1])));
    const pick = checkpoint((x: tf.Tensor, y: tf.Tensor, at: tf.Tensor) =>
      tf.gather(tf.mul(tf.mul(x, y), w), tf.cast(at, 'int32')),
    );
    const session = await engine.training({
      variables: [
        { name: 'w', variable: w },
        { name: 'v', variable: v },
      ],
      loss: ({ x, at }) => ({
        loss: tf.sum<tf.Scalar>(pick(x as tf.Tensor, tf.mul(v, 5), at as tf.Tensor)),
      }),
      optimizer: sgd(),
      random: randomStream(1),
    });
    const result = await session.train(
      {
        x: { dtype: 'float32', shape: [3], data: Float32Array.of(1, 10, 100) },
        at: { dtype: 'int32', shape: [2], data: Int32Array.of(2, 0) },
      },
      { rate: 1 },
    );
    expect(result.loss).toBe(5 * (2 + 400));
    const { variables } = await session.snapshot();
    expect([...(variables.w?.data ?? [])]).toEqual([2 - 5, 3, 4 - 500]);
    expect([...(variables.v?.data ?? [])]).toEqual([1 - 10, 1, 1 - 2000]);
    w.dispose();
    v.dispose();
  });

  it('may stand within itself', async () => {
    const nested: Wrap = (f) =>
      checkpoint((x: tf.Tensor) => tf.add(checkpoint(f)(x), checkpoint((y: tf.Tensor) => tf.mul(y, 0.5))(x)));
    const flat: Wrap = (f) => (x) => tf.add(f(x), tf.mul(x, 0.5));
    const [a, b] = [blocks(flat), blocks(nested)];
    const [reference, session] = [await engine.training(a), await engine.training(b)];
    for (let i = 0; i < 3; i++) {
      await reference.train(batch(5, 8, i), { rate: 0.1 });
      await session.train(batch(5, 8, i), { rate: 0.1 });
    }
    const [expected, got] = [await reference.snapshot(), await session.snapshot()];
    tensorsClose(got.variables, expected.variables, { absolute: 1e-6, relative: 1e-5 });
    a.dispose();
    b.dispose();
  });

  it.each([1, 0])('takes batches of %s', async (size) => {
    const [a, b] = [blocks(plain, { rate: 0 }), blocks(recomputed, { rate: 0 })];
    const [reference, session] = [await engine.training(a), await engine.training(b)];
    const expected = await reference.train(batch(size), { rate: 0.1 });
    const got = await session.train(batch(size), { rate: 0.1 });
    expect(got.finite).toBe(expected.finite);
    expect(got.loss).toBeCloseTo(expected.loss, 6);
    const [left, right] = [await session.snapshot(), await reference.snapshot()];
    tensorsClose(left.variables, right.variables, { absolute: 1e-6, relative: 1e-5 });
    a.dispose();
    b.dispose();
  });

  it('refuses a tensor from outside that is no argument', async () => {
    const net = blocks((f) => (x) => {
      const outside = tf.mul(x, 2);
      return checkpoint((y: tf.Tensor) => tf.add(f(y), outside))(x);
    });
    const session = await engine.training(net);
    await expect(session.train(batch(3), { rate: 0.1 })).rejects.toMatchObject({
      code: 'ENGINE_OPEN_CELL',
      message: expect.stringContaining(
        'checkpoint: the function uses a tensor from outside (float32[3,8]) that is not one of its arguments',
      ) as string,
    });
    net.dispose();
  });

  it('refuses a result that is no float', async () => {
    const net = blocks(
      (f) => (x) => tf.cast(checkpoint((y: tf.Tensor) => tf.cast(f(y), 'int32'))(x), 'float32'),
    );
    const session = await engine.training(net);
    await expect(session.train(batch(3), { rate: 0.1 })).rejects.toMatchObject({
      code: 'ENGINE_SHAPE',
      message: expect.stringContaining(
        'checkpoint: the function returned int32[3,8], expected float32',
      ) as string,
    });
    net.dispose();
  });

  it('leaves no tensors behind', async () => {
    const net = blocks(recomputed);
    const before = tf.memory().numTensors;
    const session = await engine.training(net);
    await session.train(batch(4), { rate: 0.1 });
    const during = tf.memory().numTensors;
    await session.train(batch(4), { rate: 0.1 });
    expect(tf.memory().numTensors).toBe(during);
    await session.dispose();
    expect(tf.memory().numTensors).toBe(before);
    net.dispose();
  });
});

describe('checkpoint', () => {
  it('gives the gradients of TF.js for plain functions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        (shape, depth) => {
          tf.tidy(() => {
            const size = shape.reduce((product, length) => product * length, 1);
            const x = tf.tensor(randomStream(depth).normal(size), shape);
            const f = (y: tf.Tensor) => {
              let h = y;
              for (let i = 0; i < depth; i++) h = tf.mul(tf.sin(h), tf.exp(tf.neg(h)));
              return h;
            };
            const dy = tf.tensor(randomStream(depth + 1).normal(size), shape);
            const expected = tf.valueAndGrad(f)(x, dy);
            const got = tf.valueAndGrad(checkpoint(f))(x, dy);
            expect([...got.value.dataSync()]).toEqual([...expected.value.dataSync()]);
            expect([...got.grad.dataSync()]).toEqual([...expected.grad.dataSync()]);
          });
        },
      ),
    );
  });

  it('runs where nothing is differentiated', () => {
    const result = tf.tidy(() => [
      ...checkpoint((x: tf.Tensor) => tf.square(x))(tf.tensor1d([2, 3])).dataSync(),
    ]);
    expect(result).toEqual([4, 9]);
  });
});

describe('a recorded step with checkpoints', () => {
  it('computes inner values twice, also once ONNX Runtime has looked at it', async () => {
    const tanhs = async (wrap: Wrap): Promise<number> => {
      const net = blocks(wrap, { depth: 6, rate: 0 });
      const session = await onnx.training(net);
      const { byOperator } = await session.explain(batch(5), { steps: 1 });
      net.dispose();
      return byOperator.find(({ operator }) => operator === 'Tanh')?.nodes ?? 0;
    };
    expect([await tanhs(plain), await tanhs(recomputed)]).toEqual([6, 12]);
  });

  const peak = (wrap: Wrap, depth: number): number => {
    const net = blocks(wrap, { depth, block: 4, width: 16, rate: 0 });
    const { graph } = stepGraph(net, batch(1000, 16), { table: kernelTable, passes: {}, target: portable });
    net.dispose();
    return peakBytes(graph);
  };

  it('holds a part of the memory, and less the more there are', () => {
    const layer = 1000 * 16 * 4;
    const [kept, twice] = [peak(plain, 24), peak(recomputed, 24)];
    // Without: a tensor a layer at least. With: the argument of each of six blocks, and what one block holds.
    expect(kept).toBeGreaterThan(24 * layer);
    expect(twice).toBeLessThan(kept / 2);
    // Twice as deep costs an argument for each block more.
    expect(peak(recomputed, 48) - twice).toBeLessThan(1.2 * 6 * layer);
  });
});
