// TF.js's registry of gradients belongs to its user: the engine changes it only while it works.
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, randomStream, sgd, type TrainingDefinition } from '@potstill/engine';
import { withGradients } from '../../src/kernels/gradients/install.js';
import { runScript } from '../helpers/script.js';

type Config = ReturnType<typeof tf.getGradient>;

/** What is registered under every kernel's name. */
const registry = (): Map<string, Config | undefined> =>
  new Map(
    [...tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName), 'PotstillScan'].map((name) => [
      name,
      tf.getGradient(name) as Config | undefined,
    ]),
  );

/** Trains with gradients that TF.js lacks (a dilated convolution) or has wrong (a running sum along the first axis). */
const body = `
  const w = tf.variable(tf.ones([3, 3, 1, 1]));
  const engine = await createEngine({ backend });
  const session = await engine.training({
    variables: [{ name: 'w', variable: w }],
    loss: ({ x }) => ({ loss: tf.sum(tf.square(tf.cumsum(tf.conv2d(x, w, 1, 'same', 'NHWC', 2), 1))) }),
    optimizer: sgd(),
    random: randomStream(1),
  });
  await session.train({ x: { dtype: 'float32', shape: [1, 4, 4, 1], data: Float32Array.from({ length: 16 }, (_, i) => i % 5) } }, { rate: 1e-4 });
  await session.sync();
  const weights = [...w.dataSync()].map((x) => x.toFixed(5)).join(' ');
  await engine.dispose();`;

const engineImport = "import { createEngine, randomStream, sgd } from '@potstill/engine';";
const unionImport = "import * as tf from '@tensorflow/tfjs';";
const partsImport = "import * as tf from '@tensorflow/tfjs-core';";

function train(imports: readonly string[], backend: string): string {
  const { status, stdout, stderr } = runScript(
    [...imports, `const backend = '${backend}';`, body, 'console.log(weights);'].join('\n'),
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim();
}

describe('importing the engine', () => {
  it.each(['onnx', 'cpu'])('trains alike before and after TF.js, and on its parts alone (%s)', (backend) => {
    const after = train([unionImport, engineImport], backend);
    expect(after.split(' ')).toHaveLength(9);
    expect(train([engineImport, unionImport], backend)).toBe(after);
    expect(train([engineImport, partsImport], backend)).toBe(after);
  });

  it('leaves the registry as it was', () => {
    const { stdout, stderr } = runScript(`
      import '@tensorflow/tfjs';
      import * as tf from '@tensorflow/tfjs-core';
      const registry = () => tf.getKernelsForBackend('cpu').map(({ kernelName }) => tf.getGradient(kernelName));
      const before = registry();
      await import('@potstill/engine');
      console.log(registry().filter((config, i) => config !== before[i]).length, before.filter(Boolean).length > 90);`);
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('0 true');
  });
});

describe('the registry of gradients', () => {
  let before: ReturnType<typeof registry>;
  let w: tf.Variable;

  beforeEach(() => {
    before = registry();
    w = tf.variable(tf.tensor2d([[1, 2]]));
  });

  afterEach(() => {
    w.dispose();
  });

  const definition = (loss: TrainingDefinition['loss']): TrainingDefinition => ({
    variables: [{ name: 'w', variable: w }],
    loss,
    optimizer: sgd(),
    random: randomStream(1),
  });
  const x = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(3, 4) } as const;

  it.each(['onnx', 'cpu'] as const)(
    'is as it was after training, and after a step that throws (%s)',
    async (backend) => {
      const engine = await createEngine({ backend });
      const seen: (Config | undefined)[] = [];
      const session = await engine.training(
        definition((inputs) => {
          seen.push(tf.getGradient('Cumsum'));
          return { loss: tf.sum(tf.cumsum(tf.mul(inputs.x as tf.Tensor, w))) };
        }),
      );
      await session.train({ x }, { rate: 0.1 });
      expect(registry()).toEqual(before);
      // It was another one while the step was made.
      expect(seen[0]).not.toBe(before.get('Cumsum'));
      const failing = await engine.training(
        definition(() => {
          throw new Error('of the user');
        }),
      );
      await expect(failing.train({ x }, { rate: 0.1 })).rejects.toThrow('of the user');
      for (const [name, config] of registry()) expect(config, name).toBe(before.get(name));
      await engine.dispose();
    },
  );

  it("keeps the user's own gradient where TF.js has none", async () => {
    tf.registerGradient({
      kernelName: 'Greater',
      inputsToSave: ['a', 'b'],
      gradFunc: (dy) => ({ a: () => dy as tf.Tensor, b: () => dy as tf.Tensor }),
    });
    try {
      const engine = await createEngine({ backend: 'onnx' });
      const session = await engine.training(
        definition((inputs) => ({ loss: tf.sum(tf.cast(tf.greater(w, inputs.x as tf.Tensor), 'float32')) })),
      );
      await session.train({ x }, { rate: 0.5 });
      await session.sync();
      expect([...w.dataSync()]).toEqual([0.5, 1.5]);
      await engine.dispose();
    } finally {
      tf.unregisterGradient('Greater');
    }
  });

  it('keeps what is registered meanwhile', () => {
    const own: Config = { kernelName: 'Tile', gradFunc: () => ({}) };
    const original = tf.getGradient('Tile');
    withGradients(() => {
      tf.registerGradient(own);
    });
    try {
      expect(tf.getGradient('Tile')).toBe(own);
    } finally {
      tf.registerGradient(original);
    }
  });
});
