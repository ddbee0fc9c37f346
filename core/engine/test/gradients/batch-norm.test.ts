// Normalisations without a scale or an offset, which TF.js cannot differentiate: they train through the engine and through `fit`.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { fit, type HostTensor, randomStream } from '@potstill/engine';
import { type Case, expectTrueGradients, findWrong } from '../helpers/differences.js';
import { normals } from '../helpers/operands.js';

const vector = (seed: number) => normals([3], seed);
const variance: HostTensor = { dtype: 'float32', shape: [3], data: Float32Array.of(0.5, 1, 2) };

const cases: Case[] = [
  {
    name: 'neither',
    inputs: [normals([4, 3]), vector(1), variance],
    op: (x, m, v) => tf.batchNorm(x, m, v),
  },
  {
    name: 'offset alone',
    inputs: [normals([2, 2, 2, 3]), vector(1), variance, vector(2)],
    op: (x, m, v, offset) => tf.batchNorm(x, m, v, offset),
  },
  {
    name: 'scale alone',
    inputs: [normals([4, 3]), vector(1), variance, vector(2)],
    op: (x, m, v, scale) => tf.batchNorm(x, m, v, undefined, scale),
  },
];

describe('gradients of tf.batchNorm without a scale or an offset', () => {
  it('are the derivatives in a recorded step', async () => {
    await expectTrueGradients(cases);
  });

  it('are the derivatives on the cpu backend', async () => {
    expect(await findWrong(cases, 'tfjs')).toEqual([]);
  });
});

describe('fit', () => {
  const { layers } = tf;
  const norms: Record<string, () => tf.layers.Layer> = {
    'batch norm without scale': () => layers.batchNormalization({ scale: false }),
    'batch norm without center': () => layers.batchNormalization({ center: false }),
    'batch norm with neither': () => layers.batchNormalization({ scale: false, center: false }),
    'layer norm without center': () => layers.layerNormalization({ center: false }),
    'layer norm without scale': () => layers.layerNormalization({ scale: false }),
    'layer norm with neither': () => layers.layerNormalization({ scale: false, center: false }),
  };

  it.each(Object.keys(norms))(
    'trains a model with %s, as a model with ones and zeros there',
    async (name) => {
      const random = randomStream(2);
      const x = tf.tensor(random.child('x').normal(120), [20, 6]);
      const y = tf.tensor(random.child('y').normal(20), [20, 1]);
      const build = (norm: tf.layers.Layer): tf.Sequential => {
        const dense = (units: number, seed: number) =>
          layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }) });
        const model = tf.sequential({
          layers: [layers.inputLayer({ inputShape: [6] }), dense(5, 1), norm, dense(1, 2)],
        });
        model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
        return model;
      };
      const args = { epochs: 4, shuffle: false } as const;
      const missing = (norms[name] as () => tf.layers.Layer)();
      const bare = build(missing);
      const { history } = await fit(bare, x, y, args);
      expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
      // The whole layer, with what was missing there held at its start.
      const whole = name.startsWith('batch') ? layers.batchNormalization() : layers.layerNormalization();
      const full = build(whole);
      const config = missing.getConfig();
      const held = [config.scale === false ? 'gamma' : '', config.center === false ? 'beta' : ''];
      for (const weight of whole.trainableWeights)
        if (held.includes(weight.originalName.split('/').at(-1) as string))
          Reflect.set(weight, 'trainable', false);
      const expected = await fit(full, x, y, args);
      history.loss?.forEach((loss, i) => expect(loss).toBeCloseTo(expected.history.loss?.[i] as number, 4));
    },
  );
});
