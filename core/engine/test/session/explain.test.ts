// Where the time of a step goes: by operator and by line.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine, type Explanation, randomStream, sgd, type TrainingDefinition } from '@potstill/engine';
import { cnn, cnnBatch } from '../helpers/cnn.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const here = fileURLToPath(import.meta.url);
/** The number of this file's line that holds `text`. */
const lineWith = (text: string): number =>
  readFileSync(here, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text) && !line.includes('lineWith')) + 1;

const sum = (values: readonly { readonly nodes: number; readonly milliseconds: number }[]) =>
  values.reduce<readonly [number, number]>(
    (total, at) => [total[0] + at.nodes, total[1] + at.milliseconds],
    [0, 0],
  );

function adds(explanation: Explanation): void {
  const { nodes, milliseconds, byOperator, byLine } = explanation;
  expect(nodes).toBeGreaterThan(0);
  expect(milliseconds).toBeGreaterThan(0);
  for (const part of [byOperator, byLine]) {
    const [count, time] = sum(part);
    expect(count).toBe(nodes);
    expect(time).toBeCloseTo(milliseconds, 9);
    const times = part.map((at) => at.milliseconds);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  }
}

/** One layer; its product, its activation and its loss stand on lines of their own. */
function layer(): TrainingDefinition & { readonly dispose: () => void } {
  const w = tf.tidy(() => tf.variable(tf.tensor(randomStream(3).normal(64 * 32), [64, 32])));
  return {
    variables: [{ name: 'w', variable: w }],
    loss: ({ x }) => {
      const product = tf.matMul(x as tf.Tensor2D, w);
      const bent = tf.sin(product);
      return { loss: tf.mean(tf.square(bent)) };
    },
    optimizer: sgd({ momentum: 0.9 }),
    random: randomStream(1),
    dispose: () => w.dispose(),
  };
}
const x = { dtype: 'float32', shape: [16, 64], data: randomStream(2).normal(16 * 64) } as const;

describe('TrainingSession.explain', () => {
  it('adds up to the whole step by operator and by line', async () => {
    const net = cnn();
    const session = await engine.training(net.definition);
    const explanation = await session.explain(cnnBatch(4, 0), { steps: 3 });
    adds(explanation);
    expect(explanation.byOperator.map(({ operator }) => operator)).toContain('Gemm');
    net.dispose();
  });

  it('names the lines of the loss function, their gradients included, and the update rule', async () => {
    const definition = layer();
    const session = await engine.training(definition);
    const { byLine } = await session.explain({ x }, { steps: 2 });
    const at = (text: string) =>
      byLine.find(({ line }) => line.startsWith(`${here}:${lineWith(text)}:`)) ?? { kernels: [], nodes: 0 };
    // The product, and its gradient by the weights.
    expect(at('tf.matMul(').kernels).toEqual(['BatchMatMul']);
    expect(at('tf.matMul(').nodes).toBe(2);
    expect(at('tf.sin(').kernels).toContain('Sin');
    expect(at('tf.sin(').kernels).toContain('Multiply');
    expect(at('tf.mean(tf.square(').nodes).toBeGreaterThan(0);
    const lines = byLine.map(({ line }) => line);
    expect(lines).toContain('update rule');
    expect(lines).not.toContain('no line known');
    definition.dispose();
  });

  it('leaves the state as it is', async () => {
    const net = mlp();
    const session = await engine.training(net.definition);
    await session.train(mlpBatch(4), { rate: 0.1 });
    const before = await session.snapshot();
    await session.explain(mlpBatch(4), { steps: 2 });
    expect(await session.snapshot()).toEqual(before);
    net.dispose();
  });

  it('prints two tables with the slowest first', async () => {
    const definition = layer();
    const session = await engine.training(definition);
    const explanation = await session.explain({ x }, { steps: 1 });
    const lines = String(explanation).split('\n');
    expect(lines[0]).toMatch(/^\d+ nodes, \d+\.\d{3} ms$/);
    const rows = lines.filter((line) => /^ +\d+\.\d{3} +\d+\.\d% +\d+ {2}\S/.test(line));
    expect(rows).toHaveLength(explanation.byOperator.length + explanation.byLine.length);
    expect(rows[0]).toContain(explanation.byOperator[0]?.operator);
    definition.dispose();
  });

  it.each([0, -1, 1.5, NaN])('refuses %s steps', async (steps) => {
    const net = mlp();
    const session = await engine.training(net.definition);
    await expect(session.explain(mlpBatch(2), { steps })).rejects.toMatchObject({
      code: 'ENGINE_OPTION',
      message: `explain: steps is ${steps}; expected a whole number of at least 1`,
    });
    net.dispose();
  });

  it('says that eager backends have no graph', async () => {
    const net = mlp();
    const cpu = await createEngine({ backend: 'cpu' });
    const session = await cpu.training(net.definition);
    const refusal = {
      code: 'ENGINE_OPTION',
      message: 'explain: only the `onnx` backend has a graph to explain',
    };
    await expect(session.explain(mlpBatch(2))).rejects.toMatchObject(refusal);
    const predictor = session.predictor(({ x }) => ({ z: net.forward(x as tf.Tensor) }));
    await expect(predictor.explain(mlpBatch(2))).rejects.toMatchObject(refusal);
    await cpu.dispose();
    net.dispose();
  });
});

describe('Predictor.explain', () => {
  it('counts a fused node to the line of the convolution, and says what ONNX Runtime added', async () => {
    const filter = tf.tidy(() =>
      tf.variable(tf.tensor(randomStream(4).normal(3 * 3 * 16 * 16), [3, 3, 16, 16])),
    );
    const predictor = await engine.predictor({
      variables: [{ name: 'filter', variable: filter }],
      forward: ({ image }) => {
        const sums = tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor as tf.Tensor4D, 1, 'same');
        const bent = tf.relu(sums);
        return { out: tf.transpose(bent, [0, 2, 1, 3]) };
      },
    });
    const image = { dtype: 'float32', shape: [2, 8, 8, 16], data: randomStream(5).normal(2048) } as const;
    const explanation = await predictor.explain({ image }, { steps: 2 });
    adds(explanation);
    const conv = explanation.byLine.find(({ line }) => line.startsWith(`${here}:${lineWith('tf.conv2d(')}:`));
    expect(conv?.kernels).toEqual(['Conv2D']);
    expect(explanation.byLine.some(({ line }) => line.startsWith(`${here}:${lineWith('tf.relu(')}:`))).toBe(
      false,
    );
    filter.dispose();
  });

  it('runs over the weights of a session that trains on', async () => {
    const net = mlp();
    const session = await engine.training(net.definition);
    const predictor = session.predictor(({ x }) => ({ z: net.forward(x as tf.Tensor) }));
    const { x = x4 } = mlpBatch(4);
    adds(await predictor.explain({ x }, { steps: 1 }));
    net.dispose();
  });
});

const x4 = { dtype: 'float32', shape: [4, 6], data: new Float32Array(24) } as const;
