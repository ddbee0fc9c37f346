// What TF.js's cpu backend computes wrongly, right on every backend of the engine, and TF.js left as it was.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type HostTensor, randomStream, sgd } from '@potstill/engine';
import { everyEngine } from '../helpers/backends.js';

const engines = await everyEngine();

afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const tensor = (shape: number[], from: ArrayLike<number>): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(from),
});

/** Value of `f(x)` and the gradient of its sum of squares, halved: f(x) taken back through f. */
async function both(
  engine: (typeof engines)[number],
  f: (x: tf.Tensor) => tf.Tensor,
  { shape, data }: HostTensor,
): Promise<{ value: number[]; gradient: number[] }> {
  const x = tf.tidy(() => tf.variable(tf.tensor(data, [...shape])));
  const variables = [{ name: 'x', variable: x }];
  const predictor = await engine.predictor({ variables, forward: () => ({ y: f(x) }) });
  const { y } = await predictor.run({});
  const session = await engine.training({
    variables,
    loss: () => ({ loss: tf.mul(tf.sum(tf.square(f(x))), 0.5) }),
    optimizer: sgd(),
    random: randomStream(1),
  });
  await session.train({}, { rate: 1 });
  const state = await session.snapshot();
  x.dispose();
  return {
    value: [...(y?.data ?? [])],
    gradient: Array.from(data, (before, i) => before - (state.variables.x?.data[i] ?? NaN)),
  };
}

describe.each(engines.map((engine) => [engine.backend, engine] as const))('on %s', (_, engine) => {
  const x = tensor([1, 4, 1, 1, 1], [1, 2, 3, 4]);

  it('a window of one over a volume under a stride of two sees every second element', async () => {
    const conv = (a: tf.Tensor) =>
      tf.conv3d(a as tf.Tensor5D, tf.ones<tf.Rank.R5>([1, 1, 1, 1, 1]), [2, 1, 1], 'same');
    const max = (a: tf.Tensor) => tf.maxPool3d(a as tf.Tensor5D, [1, 1, 1], [2, 1, 1], 'same');
    const mean = (a: tf.Tensor) => tf.avgPool3d(a as tf.Tensor5D, [1, 1, 1], [2, 1, 1], 'same');
    for (const f of [conv, max, mean])
      expect(await both(engine, f, x)).toEqual({ value: [1, 3], gradient: [1, 0, 3, 0] });
  });

  it('a window of two over a volume under a stride of three starts with the first element', async () => {
    const line = tensor([1, 1, 1, 7, 1], [1, 2, 3, 4, 5, 6, 7]);
    const conv = (a: tf.Tensor) =>
      tf.conv3d(a as tf.Tensor5D, tf.ones<tf.Rank.R5>([1, 1, 2, 1, 1]), [1, 1, 3], 'same');
    // Three windows reach eight elements: one of padding, at the end.
    expect(await both(engine, conv, line)).toEqual({ value: [3, 9, 7], gradient: [3, 3, 0, 9, 9, 0, 7] });
    const mean = (a: tf.Tensor) => tf.avgPool3d(a as tf.Tensor5D, [1, 1, 2], [1, 1, 3], 'same');
    expect((await both(engine, mean, line)).value).toEqual([1.5, 4.5, 7]);
  });

  it('the filter of a wide-strided convolution over a volume gets its gradient', async () => {
    const filter = tensor([1, 1, 1, 1, 1], [2]);
    const conv = (w: tf.Tensor) =>
      tf.conv3d(tf.tensor<tf.Rank.R5>([1, 2, 3, 4], [1, 4, 1, 1, 1]), w as tf.Tensor5D, [2, 1, 1], 'same');
    // d/dw of (w^2 + (3w)^2) / 2
    expect(await both(engine, conv, filter)).toEqual({ value: [2, 6], gradient: [20] });
  });

  it('matrices are paired as their batch axes broadcast', async () => {
    const a = tensor([2, 2, 1, 1], [1, 2, 3, 4]);
    const b = () => tf.tensor([10, 100], [2, 1, 1, 1]);
    const { value, gradient } = await both(engine, (x) => tf.matMul(x, b()), a);
    expect(value).toEqual([10, 20, 300, 400]);
    expect(gradient).toEqual([100, 200, 30000, 40000]);
  });

  it('matrices of any batch axes are paired as by a product with sums', async () => {
    const axis = fc.constantFrom<[number, number, number]>([1, 1, 1], [2, 2, 2], [1, 3, 3], [3, 1, 3]);
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 2 }), async (axes) => {
        const [left, right] = [axes.map(([n]) => n), axes.map(([, n]) => n)];
        const random = randomStream(5);
        const size = (shape: number[]): number => shape.reduce((product, n) => product * n, 1);
        const a = tensor([...left, 2, 3], random.child('a').normal(size(left) * 6));
        const b = random.child('b').normal(size(right) * 12);
        const matrix = () => tf.tensor(b, [...right, 3, 4]);
        const product = await both(engine, (x) => tf.matMul(x, matrix()), a);
        const sums = await both(
          engine,
          (x) => tf.sum(tf.mul(tf.expandDims(x, -1), tf.expandDims(matrix(), -3)), -2),
          a,
        );
        product.value.forEach((y, i) => expect(y).toBeCloseTo(sums.value[i] ?? NaN, 4));
        product.gradient.forEach((dx, i) => expect(dx).toBeCloseTo(sums.gradient[i] ?? NaN, 3));
      }),
      { numRuns: 8 },
    );
  });
});

describe('TF.js itself', () => {
  it('computes as before outside the engine, also after a step that throws', async () => {
    const kernels = (): unknown[] => tf.getKernelsForBackend('cpu');
    const before = kernels();
    const engine = await createEngine({ backend: 'cpu' });
    const x = tf.variable(tf.ones([2]));
    const session = await engine.training({
      variables: [{ name: 'x', variable: x }],
      loss: () => ({ loss: tf.sum(tf.square(x)) }),
      optimizer: sgd(),
      random: randomStream(1),
    });
    await session.train({}, { rate: 0.1 });
    const failing = await engine.predictor({
      variables: [],
      forward: () => {
        throw new Error('of the user');
      },
    });
    await expect(failing.run({})).rejects.toThrow('of the user');
    expect(kernels()).toHaveLength(before.length);
    for (const kernel of kernels()) expect(before).toContain(kernel);
    await engine.dispose();
    x.dispose();
  });
});
