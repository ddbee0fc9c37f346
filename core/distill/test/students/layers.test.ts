// The layers student: any tf.layers model from its JSON, with weights and without, and its errors.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine, randomStream, sgd } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { file, folder, image, load, saved, topology, values } from '../support/layers-model.js';
import { describedData } from '../support/make-component.js';
import { stepContext, type Drawn } from '../../src/testing/step-context.js';

beforeAll(() => tf.setBackend('cpu'));

const dense = (softmax = false) =>
  tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8], name: 'flat' }),
      tf.layers.dense({ units: 4, activation: 'relu', name: 'body' }),
      tf.layers.dense({ units: 3, name: 'head', ...(softmax && { activation: 'softmax' }) }),
    ],
  });

describe('layers', () => {
  it('gives logits and the output of every layer by its name', async () => {
    const { student, events } = await load({ model: await topology(dense()) });
    expect(student.outputs).toEqual({
      flat: { dtype: 'float32', shape: [64] },
      body: { dtype: 'float32', shape: [4] },
      head: { dtype: 'float32', shape: [3] },
      logits: { dtype: 'float32', shape: [3] },
    });
    for (const batch of [1, 2]) {
      const outputs = student.forward({ image: image(batch) }, stepContext(false));
      for (const [name, { shape }] of Object.entries(student.outputs))
        expect(outputs[name]?.shape).toEqual([batch, ...shape]);
    }
    expect(student.variables.map(({ name }) => name)).toEqual([
      'body/kernel',
      'body/bias',
      'head/kernel',
      'head/bias',
    ]);
    expect(student.layersModel?.outputs.length).toBe(1);
    expect(events).toEqual([]);
  });

  it('draws weights by seed and name when the file has none: the same in every load', async () => {
    const model = await topology(dense());
    const weights = async (seed: number) =>
      (await load({ model }, describedData, seed)).student.variables.map(({ variable }) => values(variable));
    expect(await weights(1)).toEqual(await weights(1));
    expect((await weights(1))[0]).not.toEqual((await weights(2))[0]);
    expect((await weights(1))[1]).toEqual([0, 0, 0, 0]);
  });

  it('takes the weights of the file, unless fresh ones are asked for', async () => {
    const original = dense();
    const model = await saved(original);
    const { student } = await load({ model });
    const expected = values(original.predict(image()) as tf.Tensor);
    values(student.forward({ image: image() }, stepContext(false)).logits).forEach((value, i) =>
      expect(value).toBeCloseTo(expected[i] as number, 5),
    );
    const fresh = (await load({ model, fresh: true })).student;
    expect(values(fresh.variables[0]?.variable)).not.toEqual(values(original.getWeights()[0]));
  });

  it('takes a last softmax off and says so', async () => {
    const original = dense(true);
    const { student, events } = await load({ model: await saved(original) });
    expect(events).toMatchObject([{ event: 'warning', code: 'STUDENT_SOFTMAX_REMOVED' }]);
    expect(JSON.stringify(events)).toContain('the softmax of layer `head` was taken off');
    const logits = student.forward({ image: image() }, stepContext(false)).logits as tf.Tensor;
    const expected = values(original.predict(image()) as tf.Tensor);
    values(tf.softmax(logits)).forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));
  });

  it.each([
    ['a layer of class Softmax', () => tf.layers.softmax({ name: 'end' })],
    ['an Activation', () => tf.layers.activation({ activation: 'softmax', name: 'end' })],
  ])('takes off a softmax that is %s, in a functional model', async (_, end) => {
    const input = tf.input({ shape: [8, 8] });
    const flat = tf.layers.flatten().apply(input) as tf.SymbolicTensor;
    const hidden = tf.layers.dense({ units: 3, name: 'scores' }).apply(flat) as tf.SymbolicTensor;
    const output = end().apply(hidden) as tf.SymbolicTensor;
    const { student, events } = await load({
      model: await topology(tf.model({ inputs: input, outputs: output })),
    });
    expect(events).toMatchObject([{ code: 'STUDENT_SOFTMAX_REMOVED' }]);
    const outputs = student.forward({ image: image() }, stepContext(false));
    expect(values(outputs.logits)).toEqual(values(outputs.scores));
  });

  it.each([
    ['batch norm without a scale', () => tf.layers.batchNormalization({ scale: false })],
    ['batch norm without a center', () => tf.layers.batchNormalization({ center: false })],
    ['layer norm without a center', () => tf.layers.layerNormalization({ center: false })],
  ])('trains a model with %s, which tf.layers itself cannot', async (_, norm) => {
    const model = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [8, 8] }),
        norm(),
        tf.layers.dense({ units: 3, name: 'head' }),
      ],
    });
    const { student } = await load({ model: await topology(model) });
    const engine = await createEngine();
    const session = await engine.training({
      variables: student.variables,
      loss: ({ image: x }, at) => ({
        loss: tf.sum(tf.square(student.forward({ image: x as tf.Tensor }, at).logits as tf.Tensor)),
      }),
      optimizer: sgd(),
      random: randomStream(1),
    });
    const x = image(4);
    const batch = {
      image: { dtype: 'float32', shape: [4, 8, 8], data: Float32Array.from(values(x)) },
    } as const;
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push((await session.train(batch, { rate: 1e-3 })).loss);
    expect(losses[4]).toBeLessThan(losses[0] as number);
    await engine.dispose();
  });

  it('trains: gradients reach every weight, batch norm moves its statistics', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [8, 8, 1],
          filters: 2,
          kernelSize: 3,
          activation: 'relu',
          name: 'conv',
        }),
        tf.layers.batchNormalization({ name: 'norm' }),
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ units: 3, name: 'head' }),
      ],
    });
    const { student } = await load({ model: await topology(model) });
    const frozen = student.variables.filter(({ trainable }) => trainable === false);
    expect(frozen.map(({ name }) => name)).toEqual(['norm/moving_mean', 'norm/moving_variance']);
    const trained = student.variables.filter(({ trainable }) => trainable !== false);
    const { grads } = tf.variableGrads(
      () =>
        tf
          .sum(tf.square(student.forward({ image: image() }, stepContext(true)).logits as tf.Tensor))
          .asScalar(),
      trained.map(({ variable }) => variable),
    );
    for (const { name, variable } of trained)
      expect(
        values(grads[variable.name]).some((g) => g !== 0),
        name,
      ).toBe(true);
    expect(values(frozen[0]?.variable).some((value) => value !== 0)).toBe(true);
  });

  it('says which regularisers and constraints it ignores', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [8, 8], name: 'flat' }),
        tf.layers.dense({
          units: 3,
          kernelRegularizer: 'l1l2',
          kernelConstraint: tf.constraints.maxNorm({ maxValue: 2, axis: 0 }),
          name: 'head',
        }),
      ],
    });
    const { events } = await load({ model: await topology(model) });
    expect(events).toMatchObject([{ event: 'warning', code: 'STUDENT_OPTION_IGNORED' }]);
    expect(JSON.stringify(events)).toContain('layer `head` has `kernelRegularizer` and `kernelConstraint`');
  });

  it('freezes what the model freezes', async () => {
    const model = dense();
    model.getLayer('body').trainable = false;
    const { student } = await load({ model: await topology(model) });
    expect(student.variables.filter(({ trainable }) => trainable === false).map(({ name }) => name)).toEqual([
      'body/kernel',
      'body/bias',
    ]);
  });

  it('names nameless layers alike in every load', async () => {
    const nameless = {
      class_name: 'Sequential',
      config: [
        { class_name: 'Flatten', config: { batch_input_shape: [null, 8, 8] } },
        { class_name: 'Dense', config: { units: 3 } },
      ],
    };
    const model = await file(nameless);
    for (let i = 0; i < 2; i++)
      expect((await load({ model })).student.variables.map(({ name }) => name)).toEqual([
        'dense_1/kernel',
        'dense_1/bias',
      ]);
  });

  it('looks into nested models', async () => {
    const inner = tf.sequential({
      name: 'inner',
      layers: [
        tf.layers.dense({ inputShape: [64], units: 5, name: 'deep' }),
        tf.layers.dropout({ rate: 0.5, name: 'drop' }),
        tf.layers.dense({ units: 3, activation: 'softmax', name: 'last' }),
      ],
    });
    const outer = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [8, 8], name: 'flat' }), inner] });
    const { student, events } = await load({ model: await topology(outer) });
    expect(events.length).toBe(1);
    expect(student.variables.map(({ name }) => name)).toEqual([
      'deep/kernel',
      'deep/bias',
      'last/kernel',
      'last/bias',
    ]);
    const drawn: Drawn[] = [];
    student.forward({ image: image() }, stepContext(true, drawn));
    expect(drawn).toEqual([{ kind: 'keepMask', shape: [2, 5], rate: 0.5 }]);
  });
});

describe('layers: errors', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['no file', () => Promise.resolve('none.json'), 'cannot be read'],
    ['no JSON', () => file('{'), 'is not JSON'],
    ['a list', () => file([]), 'is no tf.layers model'],
    ['another object', () => file({ a: 1 }), 'is no tf.layers model'],
    ['a graph model', () => file({ format: 'graph-model', modelTopology: { node: [] } }), 'is a graph model'],
    [
      'an unknown layer',
      () => file({ class_name: 'Sequential', config: [{ class_name: 'Attention9', config: {} }] }),
      'TF.js cannot build',
    ],
  ])('%s', async (_, make, message) => {
    await expect(load({ model: await make() })).rejects.toThrow(message);
  });

  it('a weight file that is missing, too short, or of another model', async () => {
    const missing = await saved(dense());
    await rm(join(folder, missing.replace('model', 'weights').replace('json', 'bin')));
    await expect(load({ model: missing })).rejects.toThrow(/the weight file .*weights-.*bin cannot be read/);
    const short = await saved(dense());
    await writeFile(
      join(folder, short.replace('model', 'weights').replace('json', 'bin')),
      new Uint8Array(10),
    );
    await expect(load({ model: short })).rejects.toThrow(
      'its weights do not fit its weight files (10 bytes)',
    );
    const renamed = await saved(dense(), (specs) => Object.assign(specs[0] as object, { name: 'other' }));
    await expect(load({ model: renamed })).rejects.toThrow('layers: the weight file has no `body/kernel`');
    const reshaped = await saved(dense(), (specs) => Object.assign(specs[0] as object, { shape: [4, 64] }));
    await expect(load({ model: reshaped })).rejects.toThrow(
      'layers: the weight `body/kernel` has shape [4,64] in the file, [64,4] in the model',
    );
  });

  it('weights that no file holds, before memory is taken for them', async () => {
    const of = async (units: number) => {
      const first = tf.layers.dense({ units: 8, inputShape: [64], name: 'first' });
      const model = tf.sequential({ layers: [first, tf.layers.dense({ units: 9, name: 'wide' })] });
      const text = JSON.stringify(model.toJSON(null, false)).replace('"units":9', `"units":${units}`);
      return load({ model: await file(text) });
    };
    await expect(of(2 ** 31)).rejects.toMatchObject({
      records: [
        {
          code: 'STUDENT_INVALID',
          path: '.model',
          message:
            'layers: the weight `kernel` of layer `wide` has shape [8,2147483648]: 68.7 GB, after 2.1 kB of other weights',
          hint: "A model's weights take at most 2.1 GB together. Check the sizes of its layers.",
        },
      ],
    });
    // A cell of a recurrent layer makes the weights.
    const lstm = tf.layers.lstm({ units: 3, name: 'lstm', inputShape: [2, 2] });
    const recurrent = JSON.stringify(tf.sequential({ layers: [lstm] }).toJSON(null, false));
    await expect(
      load({ model: await file(recurrent.replaceAll('"units":3', '"units":100000000')) }),
    ).rejects.toThrow('layers: the weight `kernel` of layer `lstm` has shape [2,400000000]: 3.2 GB');
    expect((await of(3)).student.outputs.logits?.shape).toEqual([3]);
  });

  it('another number of classes', async () => {
    const data = { ...describedData, labels: ['a', 'b'] };
    await expect(load({ model: await topology(dense()) }, data)).rejects.toThrow(
      'layers: the model gives 3 classes, the data has 2',
    );
  });

  it('inputs that do not fit; flattening and a channel axis are adapted', async () => {
    const of = (inputShape: number[]) =>
      topology(
        tf.sequential({
          layers: [
            tf.layers.reshape({ inputShape, targetShape: [64], name: 'flat' }),
            tf.layers.dense({ units: 3, name: 'head' }),
          ],
        }),
      );
    for (const shape of [[64], [8, 8, 1], [8, 8]]) {
      const { student } = await load({ model: await of(shape) });
      expect(student.forward({ image: image() }, stepContext(false)).logits?.shape).toEqual([2, 3]);
    }
    await expect(load({ model: await of([4, 16]) })).rejects.toThrow(
      "layers: the model's input `flat_input` has shape [4,16], the field `image` has [8,8]",
    );
    await expect(load({ model: await of([64]), input: 'imgae' })).rejects.toThrow('no field `imgae`');
    const { student } = await load({ model: await of([64]) });
    expect(() => student.forward({}, stepContext(false))).toThrow('layers: no input `image` was given');
  });

  it('several outputs, of which none is named', async () => {
    const input = tf.input({ shape: [64] });
    const heads = ['a', 'b'].map(
      (name) => tf.layers.dense({ units: 3, name, activation: 'softmax' }).apply(input) as tf.SymbolicTensor,
    );
    const model = await topology(tf.model({ inputs: input, outputs: heads }));
    await expect(load({ model })).rejects.toThrow('layers: the model has 2 outputs');
    await expect(load({ model, logits: 'c' })).rejects.toThrow(
      'layers: the model has no layer `c` with one output',
    );
    const { student, events } = await load({ model, logits: 'b' });
    expect(JSON.stringify(events)).toContain('`b`');
    const outputs = student.forward({ image: image() }, stepContext(false));
    expect(values(outputs.logits)).toEqual(values(outputs.b));
  });
});
