// Losses beside PyTorch and beside TF.js's own gradients, and the properties that hold for all logits.
import { readFileSync } from 'node:fs';
import { createEngine, randomStream, sgd } from '@potstill/engine';
import { crossEntropy, logitMatching, softTargets } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  crossEntropyByAutodiff,
  differentiate,
  softTargetsByAutodiff,
  type Differentiated,
} from './gradients.js';

beforeAll(() => tf.setBackend('cpu'));

interface Golden extends Record<string, unknown> {
  readonly student: { shape: [number, number]; data: number[] };
  readonly teacher: { shape: [number, number]; data: number[] };
  readonly labels: number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/losses.json', import.meta.url), 'utf8'),
) as Golden;

function expectClose(actual: Differentiated, expected: Differentiated, relative = 1e-5): void {
  expect(Math.abs(actual.value - expected.value)).toBeLessThan(relative * (1 + Math.abs(expected.value)));
  expect(actual.gradient.length).toBe(expected.gradient.length);
  actual.gradient.forEach((value, i) =>
    expect(Math.abs(value - (expected.gradient[i] as number)), `gradient[${i}]`).toBeLessThan(relative),
  );
}

describe('losses beside PyTorch: value and gradient', () => {
  const student = () => tf.tensor2d(golden.student.data, golden.student.shape);
  const teacher = () => tf.tensor2d(golden.teacher.data, golden.teacher.shape);
  const labels = () => tf.tensor1d(golden.labels, 'int32');

  it.each<[string, (z: tf.Tensor2D) => tf.Scalar]>([
    ['crossEntropy', (z) => crossEntropy(z, labels())],
    ['crossEntropySmoothed', (z) => crossEntropy(z, labels(), 0.1)],
    ['softTargetsT1', (z) => softTargets(z, teacher(), { temperature: 1 })],
    ['softTargetsT4', (z) => softTargets(z, teacher(), { temperature: 4 })],
    ['softTargetsT20', (z) => softTargets(z, teacher(), { temperature: 20 })],
    ['softTargetsClasses', (z) => softTargets(z, teacher(), { temperature: 4, classes: [1, 4, 2] })],
    ['logitMatching', (z) => logitMatching(z, teacher())],
    ['logitMatchingUncentred', (z) => logitMatching(z, teacher(), false)],
  ])('%s', (name, loss) => {
    expectClose(
      differentiate(loss, student()),
      golden[name] as Differentiated,
      name.endsWith('T20') ? 1e-4 : 1e-5,
    );
  });
});

/** Two matrices of logits of the same shape, with labels. */
const problem = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 2, max: 6 }),
    fc.double({ min: 0.1, max: 10, noNaN: true }),
  )
  .chain(([batch, classes, scale]) => {
    const logits = fc.array(fc.double({ min: -scale, max: scale, noNaN: true }), {
      minLength: batch * classes,
      maxLength: batch * classes,
    });
    return fc.record({
      shape: fc.constant<[number, number]>([batch, classes]),
      student: logits,
      teacher: logits,
      // -1: a row without a label.
      labels: fc.array(fc.integer({ min: -1, max: classes - 1 }), { minLength: batch, maxLength: batch }),
      temperature: fc.constantFrom(1, 2, 4, 20),
    });
  });

describe('closed-form gradients', () => {
  it("equal those of TF.js's autodiff", () => {
    fc.assert(
      fc.property(problem, ({ shape, student, teacher, labels, temperature }) => {
        const z = tf.tensor2d(student, shape);
        const v = tf.tensor2d(teacher, shape);
        const y = tf.tensor1d(labels, 'int32');
        expectClose(
          differentiate((x) => softTargets(x, v, { temperature }), z),
          differentiate((x) => softTargetsByAutodiff(x, v, temperature), z),
          1e-3,
        );
        for (const smoothing of [0, 0.2])
          expectClose(
            differentiate((x) => crossEntropy(x, y, smoothing), z),
            differentiate((x) => crossEntropyByAutodiff(x, labels, smoothing), z),
          );
      }),
      { numRuns: 40 },
    );
  });

  it('pass on what comes from above: a weight scales them', () => {
    const z = tf.tensor2d([[1, 2, 3]]);
    const v = tf.tensor2d([[3, 1, 0]]);
    for (const loss of [
      (x: tf.Tensor2D) => softTargets(x, v, { temperature: 4 }),
      (x: tf.Tensor2D) => crossEntropy(x, tf.tensor1d([1], 'int32')),
      (x: tf.Tensor2D) => logitMatching(x, v),
    ]) {
      const plain = differentiate(loss, z);
      const weighted = differentiate((x) => tf.mul(loss(x), 0.5), z);
      expectClose(weighted, { value: plain.value / 2, gradient: plain.gradient.map((g) => g / 2) });
    }
  });
});

describe('crossEntropy', () => {
  const z = () =>
    tf.tensor2d([
      [1, 2, 3],
      [0.5, -1, 0],
      [2, 0, -2],
    ]);

  // As torch.nn.functional.cross_entropy(z, [2, -1, 0], ignore_index=-1, label_smoothing=...) has it.
  it.each([
    [0, 0.2752688, [0.04501529, 0.12236424, -0.16737952, 0, 0, 0, -0.06659333, 0.05865521, 0.00793812]],
    [0.1, 0.4252688, [0.02834862, 0.10569757, -0.13404619, 0, 0, 0, -0.03326, 0.04198855, -0.00872855]],
  ])('does not count rows of label -1 (smoothing %d)', (smoothing, value, gradient) => {
    const labels = tf.tensor1d([2, -1, 0], 'int32');
    expectClose(
      differentiate((x) => crossEntropy(x, labels, smoothing), z()),
      { value, gradient },
      1e-6,
    );
  });

  it.each([0, 0.1])('is 0 without any label (smoothing %d)', (smoothing) => {
    const labels = tf.tensor1d([-1, -1, -1], 'int32');
    const { value, gradient } = differentiate((x) => crossEntropy(x, labels, smoothing), z());
    expect(value).toBe(0);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });
});

describe('softTargets', () => {
  it.each(['onnx', 'cpu'] as const)(
    'keeps its digits with many classes and a high temperature (%s)',
    async (backend) => {
      const [count, temperature] = [10_000, 100];
      const noise = (i: number) => ((i * 7919) % count) / count;
      const v = Float32Array.from({ length: count }, (_, i) => 3 + noise(i));
      const z = Float32Array.from({ length: count }, (_, i) => 3 + noise(i + 1));
      const divergence = (student: Float32Array): number => {
        const logs = (logits: Float32Array): number[] => {
          const sum = logits.reduce((total, x) => total + Math.exp(x / temperature), 0);
          return Array.from(logits, (x) => x / temperature - Math.log(sum));
        };
        const [p, q] = [logs(v), logs(student)];
        return temperature ** 2 * p.reduce((total, x, i) => total + Math.exp(x) * (x - (q[i] as number)), 0);
      };
      const bias = tf.variable(tf.zeros<tf.Rank.R2>([1, count]));
      const engine = await createEngine({ backend });
      const session = await engine.training({
        variables: [{ name: 'bias', variable: bias }],
        loss: (at) => ({
          loss: softTargets(tf.add(at.z as tf.Tensor2D, bias), at.v as tf.Tensor2D, { temperature }),
        }),
        optimizer: sgd(),
        random: randomStream(1),
      });
      const logits = (data: Float32Array) => ({ dtype: 'float32' as const, shape: [1, count], data });
      const value = async (student: Float32Array): Promise<number> =>
        (await session.train({ z: logits(student), v: logits(v) }, { rate: 0 })).loss;
      expect(Math.abs((await value(z)) / divergence(z) - 1)).toBeLessThan(1e-4);
      // Almost equal logits: one differs.
      const almost = v.map((x, i) => (i === 0 ? x + 1e-3 : x));
      expect(await value(almost)).toBeGreaterThanOrEqual(0);
      expect(await value(almost)).toBeLessThan(1e-7);
      expect(await value(v)).toBe(0);
      await engine.dispose();
      bias.dispose();
    },
  );

  it.each(['onnx', 'cpu'] as const)('takes some of more than 1,024 classes (%s)', async (backend) => {
    const count = 3000;
    const classes = Array.from({ length: 1500 }, (_, i) => 2 * i);
    const w = tf.variable(tf.zeros<tf.Rank.R2>([1, count]));
    const engine = await createEngine({ backend });
    const session = await engine.training({
      variables: [{ name: 'w', variable: w }],
      loss: ({ v }) => ({ loss: softTargets(w, v as tf.Tensor2D, { temperature: 1, classes }) }),
      optimizer: sgd(),
      random: randomStream(1),
    });
    const data = Float32Array.from({ length: count }, (_, i) =>
      i % 2 === 1 ? 50 : i === 4 ? Math.log(1500) : 0,
    );
    const { loss } = await session.train({ v: { dtype: 'float32', shape: [1, count], data } }, { rate: 1 });
    // The teacher: 1500 / 2999 for class 4, 1 / 2999 for each other of the 1,500; the student 1 / 1500 for each.
    const expected = (1500 / 2999) * Math.log(1500 ** 2 / 2999) + (1499 / 2999) * Math.log(1500 / 2999);
    expect(loss).toBeCloseTo(expected, 3);
    await session.sync();
    const after = w.dataSync();
    expect(Math.abs((after[4] as number) - (1500 / 2999 - 1 / 1500))).toBeLessThan(1e-5);
    expect(after[6]).toBeCloseTo(1 / 2999 - 1 / 1500, 7);
    expect(after.filter((x, i) => i % 2 === 1 && x !== 0)).toHaveLength(0);
    await engine.dispose();
    w.dispose();
  });
  it('is never negative, and 0 where student and teacher agree', () => {
    fc.assert(
      fc.property(problem, ({ shape, student, teacher, temperature }) => {
        const z = tf.tensor2d(student, shape);
        const { value } = differentiate(
          (x) => softTargets(x, tf.tensor2d(teacher, shape), { temperature }),
          z,
        );
        expect(value).toBeGreaterThanOrEqual(0);
        const same = differentiate((x) => softTargets(x, z, { temperature }), z);
        expect(same.value).toBe(0);
        expect(same.gradient.every((g) => g === 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('does not see a shift of a row of logits', () => {
    fc.assert(
      fc.property(problem, fc.double({ min: -20, max: 20, noNaN: true }), (given, shift) => {
        const { shape, student, teacher, temperature } = given;
        const z = tf.tensor2d(student, shape);
        const v = tf.tensor2d(teacher, shape);
        const loss = (x: tf.Tensor2D) => softTargets(x, v, { temperature });
        expectClose(differentiate(loss, tf.add(z, shift)), differentiate(loss, z), 1e-3);
      }),
      { numRuns: 40 },
    );
  });

  it('gives no gradient to classes that do not take part', () => {
    const z = tf.tensor2d([[1, 2, 3, 4]]);
    const v = tf.tensor2d([[4, 300, 2, -1]]);
    const { gradient } = differentiate((x) => softTargets(x, v, { temperature: 2, classes: [0, 2] }), z);
    expect([gradient[1], gradient[3]]).toEqual([0, 0]);
    expect(gradient[0]).not.toBe(0);
  });

  it('becomes logit matching at high temperature, gradients first', () => {
    fc.assert(
      fc.property(problem, ({ shape, student, teacher }) => {
        const z = tf.tensor2d(student, shape);
        const v = tf.tensor2d(teacher, shape);
        const soft = differentiate((x) => softTargets(x, v, { temperature: 2000 }), z);
        const matched = differentiate((x) => logitMatching(x, v), z);
        const bound = 0.02 * Math.max(1, ...matched.gradient.map(Math.abs));
        soft.gradient.forEach((g, i) =>
          expect(Math.abs(g - (matched.gradient[i] as number))).toBeLessThan(bound),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('all losses, at the edges', () => {
  const losses: [string, (z: tf.Tensor2D, v: tf.Tensor2D) => tf.Scalar][] = [
    ['crossEntropy', (z) => crossEntropy(z, tf.zeros<tf.Rank.R1>([z.shape[0]], 'int32'))],
    ['crossEntropy smoothed', (z) => crossEntropy(z, tf.zeros<tf.Rank.R1>([z.shape[0]], 'int32'), 0.1)],
    ['softTargets', (z, v) => softTargets(z, v, { temperature: 1 })],
    ['softTargets of some classes', (z, v) => softTargets(z, v, { temperature: 1, classes: [0] })],
    ['logitMatching', (z, v) => logitMatching(z, v)],
  ];

  it.each(losses)('%s: finite for logits of +-1e4', (_, loss) => {
    const z = tf.tensor2d([[-1e4, 1e4, 0]]);
    const { value, gradient } = differentiate((x) => loss(x, tf.tensor2d([[1e4, -1e4, 5]])), z);
    expect(Number.isFinite(value)).toBe(true);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it.each(losses)('%s: one class is always right', (_, loss) => {
    const { value, gradient } = differentiate((x) => loss(x, tf.tensor2d([[7]])), tf.tensor2d([[3]]));
    expect(value).toBe(0);
    expect(gradient.map(Math.abs)).toEqual([0]);
  });

  it.each(losses)('%s: the mean over the batch, so twice the same rows change nothing', (_, loss) => {
    const z = tf.tensor2d([[1, -2, 0.5]]);
    const v = tf.tensor2d([[0, 1, 3]]);
    const once = differentiate((x) => loss(x, v), z);
    const twice = differentiate((x) => loss(x, tf.concat([v, v])), tf.concat([z, z]));
    expectClose(twice, {
      value: once.value,
      gradient: [...once.gradient, ...once.gradient].map((g) => g / 2),
    });
  });
});
