// `fit` against model.fit on TF.js cpu: same weights, same data, same numbers.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { fit, randomStream } from '@potstill/engine';

const random = randomStream(3);
const x = tf.tensor(random.child('x').normal(22 * 6), [22, 6]);
const classes = Array.from({ length: 22 }, (_, i) => random.child('y').integer(3, i));
const y = tf.oneHot(tf.tensor1d(classes, 'int32'), 3).toFloat();

/** The same weights at each call. */
function build(more: tf.layers.Layer[] = []): tf.Sequential {
  const model = tf.sequential();
  const regularizer = tf.regularizers.l2({ l2: 0.01 });
  model.add(
    tf.layers.dense({
      units: 8,
      activation: 'tanh',
      inputShape: [6],
      kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      kernelRegularizer: regularizer,
    }),
  );
  model.add(tf.layers.batchNormalization());
  for (const layer of more) model.add(layer);
  model.add(
    tf.layers.dense({
      units: 3,
      activation: 'softmax',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
    }),
  );
  return model;
}

function expectClose(got: Record<string, number[]>, expected: tf.History['history']): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(got))
    values.forEach((value, i) => {
      expect(Math.abs(value - (expected[name]?.[i] as number)), `${name} ${i}`).toBeLessThan(1e-4);
    });
}

const optimizers: Record<string, () => tf.Optimizer | string> = {
  sgd: () => 'sgd',
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adam: () => 'adam',
  rmsprop: () => 'rmsprop',
  'rmsprop with momentum': () => tf.train.rmsprop(0.01, 0.9, 0.5),
  adagrad: () => tf.train.adagrad(0.05),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.1),
  adadelta: () => 'adadelta',
};

describe('fit', () => {
  it.each(Object.keys(optimizers))(
    'gives the history, statistics and weights of model.fit with %s',
    async (name) => {
      const make = optimizers[name] as () => tf.Optimizer | string;
      const args = { epochs: 3, batchSize: 5, shuffle: false, validationSplit: 0.2, verbose: 0 } as const;
      const compiled = (): tf.Sequential => {
        const model = build();
        model.compile({ optimizer: make(), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
        return model;
      };
      const ours = compiled();
      const theirs = compiled();
      const expected = await theirs.fit(x, y, args);
      const got = await fit(ours, x, y, args);
      expect(got.epoch).toEqual([0, 1, 2]);
      expectClose(got.history, expected.history);
      ours.getWeights().forEach((weight, i) => {
        const gap = tf.max(tf.abs(tf.sub(weight, theirs.getWeights()[i] as tf.Tensor))).dataSync()[0];
        expect(gap, String(i)).toBeLessThan(1e-3);
      });
    },
  );

  it('goes on with the state of the optimiser, as a second model.fit does', async () => {
    const [ours, theirs] = [build(), build()];
    for (const model of [ours, theirs]) model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const args = { epochs: 2, batchSize: 11, shuffle: false, verbose: 0 } as const;
    await theirs.fit(x, y, args);
    await fit(ours, x, y, args);
    expectClose((await fit(ours, x, y, args)).history, (await theirs.fit(x, y, args)).history);
  });

  it('takes sparse labels, and the loss falls with dropout and noise layers', async () => {
    const layers = tf.layers;
    const model = build([
      layers.dropout({ rate: 0.2 }),
      layers.gaussianNoise({ stddev: 0.1 }),
      layers.gaussianDropout({ rate: 0.1 }),
      layers.alphaDropout({ rate: 0.1 }),
    ]);
    model.compile({
      optimizer: tf.train.adam(0.02),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['acc'],
    });
    const sparse = tf.tensor2d(classes, [22, 1]);
    const seen: number[] = [];
    const { history } = await fit(model, x, sparse, {
      epochs: 20,
      batchSize: 8,
      callbacks: { onEpochEnd: (epoch) => void seen.push(epoch) },
    });
    expect(history.loss?.at(-1)).toBeLessThan((history.loss?.[0] as number) * 0.9);
    expect(seen).toHaveLength(20);
    // Outside training the layers are themselves again.
    expect(Object.keys(model.layers[2] as object)).not.toContain('call');
  });

  it('stops when a tf.callbacks.earlyStopping says so', async () => {
    const model = build();
    model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
    const { epoch } = await fit(model, x, y, {
      epochs: 9,
      shuffle: false,
      validationData: [x, y],
      callbacks: [tf.callbacks.earlyStopping({ monitor: 'loss', patience: 1, minDelta: 1 })],
    });
    expect(epoch.length).toBeLessThan(9);
  });

  it('trains several inputs and outputs', async () => {
    const inputs = [tf.input({ shape: [6], name: 'a' }), tf.input({ shape: [6], name: 'b' })];
    const seed = tf.initializers.glorotUniform({ seed: 5 });
    const dense = (name: string) => tf.layers.dense({ units: 3, name, kernelInitializer: seed });
    const make = (n: number) => {
      const both = tf.layers.concatenate().apply(inputs) as tf.SymbolicTensor;
      const outputs = ['p', 'q'].map((name) => dense(name + String(n)).apply(both) as tf.SymbolicTensor);
      const model = tf.model({ inputs, outputs });
      model.compile({ optimizer: 'sgd', loss: ['meanSquaredError', 'meanAbsoluteError'] });
      return model;
    };
    const args = { epochs: 2, shuffle: false, verbose: 0 } as const;
    const expected = await make(1).fit([x, tf.neg(x)], [y, tf.neg(y)], args);
    const got = await fit(make(2), [x, tf.neg(x)], [y, tf.neg(y)], args);
    expect(got.history.q2_loss?.[1]).toBeCloseTo(expected.history.q1_loss?.[1] as number, 4);
    expect(got.history.loss?.[1]).toBeCloseTo(expected.history.loss?.[1] as number, 4);
  });

  it('reports the sum of the losses of several outputs as val_loss, as it does as loss', async () => {
    const input = tf.input({ shape: [6] });
    const outputs = ['one', 'two'].map(
      (name) =>
        tf.layers
          .dense({ units: 3, name, kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }) })
          .apply(input) as tf.SymbolicTensor,
    );
    const model = tf.model({ inputs: input, outputs });
    model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
    const { history } = await fit(model, x, [y, tf.neg(y)], { validationData: [x, [y, tf.neg(y)]] });
    const sum = (history.val_one_loss?.[0] as number) + (history.val_two_loss?.[0] as number);
    expect(history.val_loss?.[0]).toBeCloseTo(sum, 5);
    expect(history.loss?.[0]).toBeCloseTo(sum, 5);
  });

  it('trains on when a metric is NaN in a batch', async () => {
    const model = build();
    // The ratio of two counts, 0 / 0 where no example is of class 0.
    const recall = (truth: tf.Tensor, answer: tf.Tensor): tf.Tensor => {
      const of = truth.slice([0, 0], [-1, 1]);
      return tf.div(tf.sum(tf.mul(of, answer.slice([0, 0], [-1, 1]))), tf.sum(of));
    };
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', metrics: [recall] });
    const others = tf
      .oneHot(
        tf.tensor1d(
          classes.map((at) => 1 + (at % 2)),
          'int32',
        ),
        3,
      )
      .toFloat();
    const { history } = await fit(model, x, others, { epochs: 5 });
    expect(history.loss?.at(-1)).toBeLessThan((history.loss?.[0] as number) * 0.9);
    expect(history.recall?.every(Number.isNaN)).toBe(true);
  });

  it('changes nothing in a batch whose loss is NaN', async () => {
    const model = build();
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = model.getWeights().map((weight) => [...weight.dataSync()]);
    const { history } = await fit(model, tf.fill([4, 6], NaN), tf.zeros([4, 3]));
    expect(history.loss).toEqual([NaN]);
    expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
  });

  it.each(['onnx', 'cpu'] as const)(
    'applies constraints on weights after each update (%s)',
    async (backend) => {
      const model = tf.sequential();
      const { constraints } = tf;
      model.add(
        tf.layers.dense({
          units: 4,
          inputShape: [6],
          kernelConstraint: constraints.maxNorm({ maxValue: 0.5 }),
          biasConstraint: 'nonNeg',
        }),
      );
      model.add(tf.layers.dense({ units: 3 }));
      model.compile({ optimizer: tf.train.sgd(0.5), loss: 'meanSquaredError' });
      await fit(model, x, tf.mul(y, 10), { epochs: 3, engine: { backend } });
      const [kernel, bias] = model.getWeights() as [tf.Tensor, tf.Tensor];
      for (const norm of tf.norm(kernel, 2, 0).dataSync()) expect(norm).toBeLessThan(0.5 + 1e-5);
      for (const value of bias.dataSync()) expect(value).toBeGreaterThanOrEqual(0);
    },
  );

  it('refuses unknown arguments, and no example to train or validate on', async () => {
    const model = build();
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const misspelt = { epoch: 3 } as Record<string, unknown>;
    await expect(fit(model, x, y, misspelt)).rejects.toThrow('fit: there is no argument `epoch`');
    await expect(fit(model, x, y, { yieldEvery: 'never' })).resolves.toBeDefined();
    await expect(fit(model, tf.zeros([0, 6]), tf.zeros([0, 3]))).rejects.toThrow(
      'fit: no examples are left to train on: x has 0 examples',
    );
    const [one, answer] = [x.slice([0, 0], [1, 6]), y.slice([0, 0], [1, 3])];
    await expect(fit(model, one, answer, { validationSplit: 0.5 })).rejects.toThrow(
      'fit: no examples are left to train on: x has 1 examples and validationSplit is 0.5',
    );
    await expect(fit(model, x, y, { validationData: [tf.zeros([0, 6]), tf.zeros([0, 3])] })).rejects.toThrow(
      'fit: validationData has no examples',
    );
  });

  it('refuses what it does not support, and says what to use', async () => {
    const model = build();
    await expect(fit(model, x, y)).rejects.toMatchObject({ code: 'ENGINE_STATE' });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await expect(fit(model, x, y, { classWeight: { 0: 1 } })).rejects.toThrow(
      '`classWeight` is not supported',
    );
    await expect(fit(model, x, y, { epochs: 0.5 })).rejects.toThrow('epochs is 0.5');
    const recurrent = tf.sequential({
      layers: [tf.layers.lstm({ units: 2, inputShape: [2, 3], dropout: 0.5, name: 'wet' })],
    });
    recurrent.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await expect(fit(recurrent, tf.zeros([2, 2, 3]), tf.zeros([2, 2]))).rejects.toThrow('`wet` (LSTM)');
  });
});
