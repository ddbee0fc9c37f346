// Random layers and initial weights of tf.layers models: from the run's own streams, by the layers' own rules.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { image, load, topology, values } from '../support/layers-model.js';
import { describedData } from '../support/make-component.js';
import { stepContext, type Drawn } from '../../src/testing/step-context.js';

beforeAll(() => tf.setBackend('cpu'));

describe('layers: random layers', () => {
  const around = (layer: tf.layers.Layer) =>
    tf.sequential({
      layers: [
        tf.layers.conv1d({ inputShape: [8, 8], filters: 4, kernelSize: 1, name: 'conv' }),
        layer,
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ units: 3, name: 'head' }),
      ],
    });

  it.each<[string, tf.layers.Layer, Drawn]>([
    [
      'Dropout',
      tf.layers.dropout({ rate: 0.5, name: 'noise' }),
      { kind: 'keepMask', shape: [2, 8, 4], rate: 0.5 },
    ],
    [
      'Dropout with a noise shape',
      tf.layers.dropout({ rate: 0.5, noiseShape: [null, 8, 1] as unknown as number[], name: 'noise' }),
      { kind: 'keepMask', shape: [2, 8, 1], rate: 0.5 },
    ],
    [
      'SpatialDropout1D',
      tf.layers.spatialDropout1d({ rate: 0.5, name: 'noise' }),
      { kind: 'keepMask', shape: [2, 1, 4], rate: 0.5 },
    ],
    [
      'GaussianNoise',
      tf.layers.gaussianNoise({ stddev: 0.5, name: 'noise' }),
      { kind: 'normal', shape: [2, 8, 4] },
    ],
    [
      'GaussianDropout',
      tf.layers.gaussianDropout({ rate: 0.5, name: 'noise' }),
      { kind: 'normal', shape: [2, 8, 4] },
    ],
    [
      'AlphaDropout',
      tf.layers.alphaDropout({ rate: 0.5, name: 'noise' }),
      { kind: 'keepMask', shape: [2, 8, 4], rate: 0.5 },
    ],
  ])(
    "%s draws from the step's streams while training, and is the identity else",
    async (_, layer, expected) => {
      const { student } = await load({ model: await topology(around(layer)) });
      const drawn: Drawn[] = [];
      const trained = student.forward({ image: image() }, stepContext(true, drawn));
      expect(drawn).toEqual([expected]);
      const again = student.forward({ image: image() }, stepContext(true));
      expect(values(trained.logits)).toEqual(values(again.logits));
      expect(values(trained.noise)).not.toEqual(values(trained.conv));
      const plain = student.forward({ image: image() }, stepContext(false, drawn));
      expect(drawn.length).toBe(1);
      expect(values(plain.noise)).toEqual(values(plain.conv));
    },
  );

  it.each([
    ['gaussianNoise', tf.layers.gaussianNoise({ stddev: 0.5, name: 'noise' }), 0.25],
    ['gaussianDropout', tf.layers.gaussianDropout({ rate: 0.5, name: 'noise' }), 1],
    ['alphaDropout', tf.layers.alphaDropout({ rate: 0.3, name: 'noise' }), undefined],
    ['dropout', tf.layers.dropout({ rate: 0.5, name: 'noise' }), 1],
  ])('%s keeps the mean and adds the variance that it should', async (name, layer, added) => {
    const sequence = tf.sequential({
      layers: [tf.layers.reshape({ inputShape: [30_000], targetShape: [30_000], name: 'r' }), layer],
    });
    const data = { ...describedData, spec: { image: { dtype: 'float32' as const, shape: [30_000] } } };
    const { labels: _, ...unlabelled } = data;
    const { student } = await load({ model: await topology(sequence) }, unlabelled);
    // AlphaDropout keeps mean 0 and variance 1 of standardised inputs; the others add to an input of ones.
    const x =
      name === 'alphaDropout' ? tf.tensor(randomStream(9).normal(30_000), [1, 30_000]) : tf.ones([1, 30_000]);
    const { mean, variance } = tf.moments(
      student.forward({ image: x }, stepContext(true)).logits as tf.Tensor,
    );
    expect(values(mean)[0]).toBeCloseTo(added === undefined ? 0 : 1, 1);
    expect(Math.abs((values(variance)[0] as number) - (added ?? 1))).toBeLessThan(0.05);
  });

  it('leaves the model itself usable outside of a step', async () => {
    const { student } = await load({ model: await topology(around(tf.layers.dropout({ rate: 0.5 }))) });
    const inference = student.forward({ image: image() }, stepContext(false)).logits;
    expect(values(student.layersModel?.predict(image()) as tf.Tensor)).toEqual(values(inference));
  });

  it('refuses dropout inside of a recurrent layer', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.lstm({
          inputShape: [8, 8],
          units: 3,
          dropout: 0.5,
          recurrentInitializer: 'glorotUniform',
          name: 'memory',
        }),
      ],
    });
    await expect(load({ model: await topology(model) })).rejects.toThrow(
      'layers: layer `memory` (LSTM) has dropout inside of a recurrent layer, which is not supported',
    );
  });
});

describe('layers: initialisers', () => {
  it.each([
    ['zeros', 0, 0],
    ['ones', 1, 0],
    ['glorotUniform', 0, Math.sqrt(2 / 264)],
    ['glorotNormal', 0, Math.sqrt(2 / 264) * 0.88],
    ['heNormal', 0, Math.sqrt(2 / 64) * 0.88],
    ['heUniform', 0, Math.sqrt(2 / 64)],
    ['leCunNormal', 0, Math.sqrt(1 / 64) * 0.88],
    ['leCunUniform', 0, Math.sqrt(1 / 64)],
    ['randomNormal', 0, 0.05],
    ['randomUniform', 0, 0.05 / Math.sqrt(3)],
    ['truncatedNormal', 0, 0.05 * 0.88],
  ] as const)('%s', async (kernelInitializer, mean, deviation) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [64], units: 200, kernelInitializer, name: 'd' })],
    });
    const { labels: _, ...unlabelled } = describedData;
    const { student } = await load({ model: await topology(model) }, unlabelled);
    const moments = tf.moments(student.variables[0]?.variable as tf.Tensor);
    expect(Math.abs((values(moments.mean)[0] as number) - mean)).toBeLessThan(0.005);
    expect(Math.abs(Math.sqrt(values(moments.variance)[0] as number) - deviation)).toBeLessThan(0.003);
  });

  it('orthogonal', async () => {
    // Small, as TF.js draws its own, slowly, before they are replaced.
    const model = tf.sequential({
      layers: [tf.layers.dense({ inputShape: [64], units: 3, kernelInitializer: 'orthogonal', name: 'd' })],
    });
    const { student } = await load({ model: await topology(model) });
    const kernel = student.variables[0]?.variable as tf.Tensor2D;
    const gram = values(tf.matMul(kernel, kernel, true));
    [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((value, i) => expect(gram[i]).toBeCloseTo(value, 5));
  });

  it('covers depthwise, pointwise, recurrent and normalising weights; the forget gate starts open', async () => {
    const input = tf.input({ shape: [8, 8, 1] });
    let x = tf.layers
      .separableConv2d({ filters: 4, kernelSize: 3, name: 'sep' })
      .apply(input) as tf.SymbolicTensor;
    x = tf.layers.depthwiseConv2d({ kernelSize: 3, name: 'dw' }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.batchNormalization({ name: 'bn' }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.prelu({ name: 'prelu' }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.reshape({ targetShape: [16, 4], name: 'seq' }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.lstm({ units: 3, unitForgetBias: true, name: 'lstm' }).apply(x) as tf.SymbolicTensor;
    const { student } = await load({ model: await topology(tf.model({ inputs: input, outputs: x })) });
    const of = (name: string) =>
      values(student.variables.find((variable) => variable.name === name)?.variable);
    expect(student.variables.map(({ name }) => name)).toEqual([
      ...['sep/depthwise_kernel', 'sep/pointwise_kernel', 'sep/bias', 'dw/depthwise_kernel', 'dw/bias'],
      ...['bn/gamma', 'bn/beta', 'bn/moving_mean', 'bn/moving_variance', 'prelu/alpha'],
      ...['lstm/kernel', 'lstm/recurrent_kernel', 'lstm/bias'],
    ]);
    expect(of('bn/moving_variance')).toEqual([1, 1, 1, 1]);
    expect(of('lstm/bias')).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(
      values(student.forward({ image: image() }, stepContext(false)).logits).every(Number.isFinite),
    ).toBe(true);
  });
});
