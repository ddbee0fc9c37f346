// The mlp student: shapes, weights that depend on the seed alone, dropout, errors.
import { randomStream } from '@potstill/engine';
import { studentComponents, type DataDescription, type Student } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { describedData, makeComponent } from '../support/make-component.js';
import { stepContext, type Drawn } from '../../src/testing/step-context.js';

beforeAll(() => tf.setBackend('cpu'));

const make = async (options: Record<string, unknown> = {}, data: DataDescription = describedData, seed = 7) =>
  (await makeComponent(
    studentComponents,
    'mlp',
    options,
    { data },
    { random: randomStream(seed) },
  )) as Student;

const weights = (student: Student) =>
  student.variables.map(({ variable }) => Array.from(variable.dataSync()));

describe('mlp', () => {
  it("has Hinton's 800-800 net as its default", async () => {
    const student = await make(
      {},
      {
        ...describedData,
        spec: { pixels: { dtype: 'float32', shape: [784] } },
        inputs: ['pixels'],
        labels: Array.from('0123456789'),
      },
    );
    const parameters = student.variables.reduce((sum, { variable }) => sum + variable.size, 0);
    expect(parameters).toBe(784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10);
  });

  it('gives logits and every hidden layer, in the shapes that it states', async () => {
    const student = await make({ hidden: [5, 4] });
    expect(student.outputs).toEqual({
      logits: { dtype: 'float32', shape: [3] },
      'hidden.0': { dtype: 'float32', shape: [5] },
      'hidden.1': { dtype: 'float32', shape: [4] },
    });
    for (const batch of [1, 2]) {
      const outputs = student.forward({ image: tf.ones([batch, 8, 8]) }, stepContext(false));
      for (const [name, spec] of Object.entries(student.outputs))
        expect(outputs[name]?.shape).toEqual([batch, ...spec.shape]);
    }
    expect(student.variables.map(({ name }) => name)).toEqual([
      'hidden.0.kernel',
      'hidden.0.bias',
      'hidden.1.kernel',
      'hidden.1.bias',
      'logits.kernel',
      'logits.bias',
    ]);
  });

  it('is a linear model without hidden layers', async () => {
    const student = await make({ hidden: [] });
    expect(student.variables.map(({ variable }) => variable.shape)).toEqual([[64, 3], [3]]);
    const { logits } = student.forward({ image: tf.zeros([1, 8, 8]) }, stepContext(false));
    expect(Array.from(logits?.dataSync() ?? [])).toEqual([0, 0, 0]);
  });

  it('has the same weights for the same seed, others for another', async () => {
    const options = { hidden: [6] };
    expect(weights(await make(options))).toEqual(weights(await make(options)));
    expect(weights(await make(options))[0]).not.toEqual(weights(await make(options, describedData, 8))[0]);
  });

  it('draws a weight by its name: a further layer leaves the first as it was', async () => {
    expect(weights(await make({ hidden: [6, 5] }))[0]).toEqual(weights(await make({ hidden: [6] }))[0]);
  });

  it('drops inputs and hidden units while training, scaled, and never else', async () => {
    const student = await make({ hidden: [50], dropout: 0.5, inputDropout: 0.2 });
    const image = tf.ones([2, 8, 8]);
    const drawn: Drawn[] = [];
    const trained = student.forward({ image }, stepContext(true, drawn));
    expect(drawn).toEqual([
      { kind: 'keepMask', shape: [2, 64], rate: 0.2 },
      { kind: 'keepMask', shape: [2, 50], rate: 0.5 },
    ]);
    const evaluated: Drawn[] = [];
    const plain = student.forward({ image }, stepContext(false, evaluated));
    expect(evaluated).toEqual([]);
    expect(Array.from(trained.logits?.dataSync() ?? [])).not.toEqual(
      Array.from(plain.logits?.dataSync() ?? []),
    );

    const [kernel, bias] = student.variables.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
    const mask = stepContext(true).random.keepMask([2, 64], 0.2);
    const expected = tf.relu(tf.add(tf.matMul(tf.div(mask, 0.8), kernel as tf.Tensor2D), bias)).dataSync();
    trained['hidden.0']
      ?.dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));
  });

  it.each(['relu', 'leaky-relu', 'elu', 'gelu', 'silu', 'sigmoid', 'tanh', 'linear'])(
    'has finite gradients in every weight with %s',
    async (activation) => {
      const student = await make({ hidden: [4], activation });
      const variables = student.variables.map(({ variable }) => variable);
      const loss = () =>
        tf
          .mean(
            tf.square(
              student.forward({ image: tf.fill([2, 8, 8], 0.3) }, stepContext(true)).logits as tf.Tensor,
            ),
          )
          .asScalar();
      const { grads } = tf.variableGrads(loss, variables);
      for (const variable of variables) {
        const gradient = Array.from(grads[variable.name]?.dataSync() ?? []);
        expect(gradient.length).toBe(variable.size);
        expect(gradient.every(Number.isFinite)).toBe(true);
        expect(gradient.some((g) => g !== 0)).toBe(true);
      }
    },
  );

  it('says what is missing or wrong', async () => {
    const data = describedData;
    const noLabels = { spec: data.spec, inputs: data.inputs, fingerprint: 'd' };
    await expect(make({}, noLabels)).rejects.toThrow('mlp: the number of classes is not known');
    expect((await make({ classes: 2 }, noLabels)).outputs.logits?.shape).toEqual([2]);
    await expect(make({ input: 'imgae' })).rejects.toThrow('mlp: the data set has no field `imgae`');
    await expect(make({ input: 'label' })).rejects.toThrow('mlp: the input `label` is int32 []');
    await expect(
      make({}, { ...data, spec: { image: { dtype: 'float32', shape: [null, 8] } } }),
    ).rejects.toThrow('mlp: the input `image` is float32 [?,8]');
    await expect(make({ hidden: [2 ** 31] })).rejects.toThrow(
      "the student's weight `hidden.0.kernel` has shape [64,2147483648]: 550 GB",
    );
    const student = await make();
    expect(() => student.forward({}, stepContext(false))).toThrow('mlp: no input `image` was given');
    expect(() => student.forward({ image: tf.ones([1, 64]) }, stepContext(false))).toThrow(
      'mlp: the input `image` has shape [1,64]',
    );
  });
});
