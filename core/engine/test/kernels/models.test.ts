// Whole training steps of tf.layers models: every kernel they call agrees with TF.js.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { holdVisits } from '../helpers/visits.js';
import { golden, normal, record } from './golden.js';

/** One step of an optimiser on cross-entropy. */
async function step(model: tf.LayersModel, x: tf.Tensor, optimizer: tf.Optimizer): Promise<string[]> {
  const labels = tf.oneHot(tf.tensor1d([0, 2, 1, 2], 'int32'), 3);
  return golden(() => {
    optimizer.minimize(() =>
      tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor),
    );
  });
}

const layers = tf.layers;

const optimizers: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  adagrad: () => tf.train.adagrad(0.01),
  adadelta: () => tf.train.adadelta(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.1, 1e-7, true),
};

describe('training steps of tf.layers models', () => {
  it.each(Object.entries(optimizers))('an MLP under %s agrees', async (_, optimizer) => {
    const model = tf.sequential({
      layers: [
        layers.dense({ units: 8, activation: 'relu', inputShape: [6], kernelRegularizer: 'l1l2' }),
        layers.batchNormalization(),
        layers.dense({ units: 3 }),
      ],
    });
    expect(await step(model, normal([4, 6]), optimizer())).toContain('_FusedMatMul');
  });

  it('a CNN of every common layer agrees', async () => {
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          inputShape: [9, 9, 2],
        }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'elu' }),
        layers.separableConv2d({ filters: 5, kernelSize: 2, activation: 'selu' }),
        layers.averagePooling2d({ poolSize: 2, strides: 1 }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.zeroPadding2d({ padding: 1 }),
        layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, activation: 'tanh' }),
        layers.prelu(),
        layers.cropping2D({ cropping: 1 }),
        layers.layerNormalization(),
        layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
        layers.dense({ units: 3 }),
      ],
    });
    const optimizer = tf.train.momentum(0.1, 0.9);
    const called = await golden(
      () => {
        const labels = tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3);
        const x = normal([2, 9, 9, 2]);
        optimizer.minimize(() =>
          tf.losses.softmaxCrossEntropy(labels, model.apply(x, { training: true }) as tf.Tensor),
        );
      },
      { except: ['ResizeNearestNeighborGrad', 'ResizeBilinearGrad'], relative: 5e-5, absolute: 5e-5 },
    );
    expect(called).toEqual(expect.arrayContaining(['MaxPoolGrad', 'AvgPoolGrad', 'Conv2DBackpropFilter']));
  });

  it('sequence models call no kernel without a rule', () => {
    const models = [
      layers.simpleRNN({ units: 3, inputShape: [4, 5] }),
      layers.lstm({ units: 3, inputShape: [4, 5] }),
      layers.gru({ units: 3, inputShape: [4, 5] }),
      layers.bidirectional({
        layer: layers.lstm({ units: 3 }),
        inputShape: [4, 5],
        mergeMode: 'concat',
      }),
      layers.conv1d({ filters: 3, kernelSize: 2, inputShape: [4, 5] }),
      layers.maxPooling1d({ poolSize: 2, inputShape: [4, 5] }),
      layers.globalMaxPooling1d({ inputShape: [4, 5] }),
    ].map((layer) => tf.sequential({ layers: [layer] }));
    for (const model of models) {
      const x = normal([2, 4, 5]);
      const loss = () => tf.mean(tf.square(model.apply(x, { training: true }) as tf.Tensor)).asScalar();
      const run = () => (model.trainableWeights.length > 0 ? tf.variableGrads(loss) : loss());
      expect(record(run).length).toBeGreaterThan(0);
    }
  });

  it('an embedding and its gradient agree', async () => {
    const model = tf.sequential({
      layers: [
        layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 5 }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ],
    });
    const called = await step(
      model,
      tf.tensor2d([
        [1, 2, 3, 4, 5],
        [0, 0, 1, 1, 6],
        [2, 2, 2, 2, 2],
        [6, 5, 4, 3, 2],
      ]),
      tf.train.sgd(0.1),
    );
    expect(called).toEqual(expect.arrayContaining(['GatherV2', 'UnsortedSegmentSum']));
  });

  it('losses agree with their gradients', async () => {
    const labels = tf.tidy(() => tf.sigmoid(normal([4, 3], 2)));
    const losses: ((p: tf.Tensor) => tf.Tensor)[] = [
      (p) => tf.losses.absoluteDifference(labels, p),
      (p) => tf.losses.cosineDistance(labels, p, 1),
      (p) => tf.losses.hingeLoss(tf.round(labels), p),
      (p) => tf.losses.huberLoss(labels, p),
      (p) => tf.losses.logLoss(labels, tf.sigmoid(p)),
      (p) => tf.losses.meanSquaredError(labels, p),
      (p) => tf.losses.sigmoidCrossEntropy(labels, p),
      (p) => tf.losses.softmaxCrossEntropy(labels, p, 1, 0.1),
      (p) => tf.mean(tf.mul(labels, tf.sub(tf.log(labels), tf.logSoftmax(tf.div(p, 4))))),
      (p) => tf.norm(p),
    ];
    for (const loss of losses) await golden(() => tf.grad((p) => loss(p).mean())(normal([4, 3])));
  });

  it('elementwise operations agree with their gradients', async () => {
    const x = tf.tidy(() =>
      tf
        .abs(normal([3, 4]))
        .mul(0.3)
        .add(0.1),
    );
    const chosen = tf.greater(x, 0.3);
    const operations: ((a: tf.Tensor) => tf.Tensor)[] = [
      tf.abs,
      tf.acos,
      tf.asin,
      tf.asinh,
      tf.atan,
      tf.atanh,
      tf.ceil,
      tf.cos,
      tf.cosh,
      tf.elu,
      tf.erf,
      tf.exp,
      tf.expm1,
      tf.floor,
      tf.log,
      tf.log1p,
      tf.logSigmoid,
      tf.neg,
      tf.reciprocal,
      tf.relu,
      tf.relu6,
      tf.round,
      tf.rsqrt,
      tf.selu,
      tf.sigmoid,
      tf.sign,
      tf.sin,
      tf.sinh,
      tf.softplus,
      tf.sqrt,
      tf.square,
      tf.step,
      tf.tan,
      tf.tanh,
      tf.leakyRelu,
      (a) => tf.prelu(tf.sub(a, 0.3), tf.scalar(0.2)),
      (a) => tf.clipByValue(a, 0.2, 0.4),
      (a) => tf.pow(a, 3),
      (a) => tf.maximum(a, 0.3),
      (a) => tf.minimum(a, 0.3),
      (a) => tf.squaredDifference(a, 0.3),
      (a) => tf.atan2(a, tf.scalar(0.4)),
      (a) => tf.mod(a, 0.2),
      (a) => tf.where(chosen, a, tf.square(a)),
    ];
    for (const operation of operations) await golden(() => tf.grad((a) => operation(a))(x));
  });
});

holdVisits(import.meta.url);
