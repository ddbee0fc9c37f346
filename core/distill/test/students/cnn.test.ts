// The cnn student: sizes of the published nets, shapes, training against inference, errors.
import { randomStream } from '@potstill/engine';
import { studentComponents, type DataDescription, type Student } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { describedData, makeComponent } from '../support/make-component.js';
import { stepContext, type Drawn } from '../../src/testing/step-context.js';

beforeAll(() => tf.setBackend('cpu'));

const images = (shape: number[], more: Partial<DataDescription> = {}): DataDescription => ({
  ...describedData,
  spec: { image: { dtype: 'float32', shape } },
  ...more,
});

const make = async (options: Record<string, unknown> = {}, data = images([8, 8]), seed = 7) =>
  (await makeComponent(
    studentComponents,
    'cnn',
    options,
    { data },
    { random: randomStream(seed) },
  )) as Student;

const parameters = (student: Student) =>
  student.variables
    .filter(({ trainable }) => trainable !== false)
    .reduce((sum, { variable }) => sum + variable.size, 0);

const values = (tensor: tf.Tensor | undefined) => Array.from(tensor?.dataSync() ?? []);

describe('cnn', () => {
  it.each([
    // He et al. 2016, table 6, has 0.27 M for 20 layers; the others follow by taking blocks away.
    ['resnet20', 269_722],
    ['resnet14', 172_506],
    ['resnet8', 75_290],
  ])('%s for CIFAR-10 has %i parameters', async (arch, count) => {
    const student = await make({ arch, classes: 10 }, images([32, 32, 3]));
    expect(parameters(student)).toBe(count);
  });

  it.each(
    ['vgg', 'resnet8', 'resnet14', 'resnet20', 'mobilenetv2'].flatMap(
      (arch) =>
        [
          [arch, 'batch'],
          [arch, 'none'],
        ] as const,
    ),
  )(
    '%s with norm %s: outputs have the shapes stated, with odd sizes too, training or not',
    async (arch, norm) => {
      const student = await make({ arch, norm, width: 2 }, images([7, 10, 3]));
      expect(Object.keys(student.outputs)).toEqual(['logits', 'features', 'stage.1', 'stage.2', 'stage.3']);
      for (const [batch, training] of [
        [1, false],
        [2, true],
      ] as const) {
        const outputs = student.forward({ image: tf.ones([batch, 7, 10, 3]) }, stepContext(training));
        for (const [name, spec] of Object.entries(student.outputs))
          expect(outputs[name]?.shape, name).toEqual([batch, ...spec.shape]);
        expect(values(outputs.logits).every(Number.isFinite)).toBe(true);
      }
    },
  );

  it('has a classifier on each stage before the last with `exits`', async () => {
    const student = await make({ arch: 'resnet8', width: 2, exits: true });
    const outputs = student.forward({ image: tf.ones([2, 8, 8]) }, stepContext(true));
    for (const name of ['exit.1', 'exit.2']) {
      expect(student.outputs[name]?.shape).toEqual([3]);
      expect(outputs[name]?.shape).toEqual([2, 3]);
    }
    expect(student.outputs).not.toHaveProperty('exit.3');
    expect(student.variables.map(({ name }) => name)).toContain('exit.2.kernel');
  });

  it('adds the channel axis to [height, width]', async () => {
    const student = await make({ width: 2 });
    const { logits } = student.forward({ image: tf.ones([2, 8, 8]) }, stepContext(false));
    expect(logits?.shape).toEqual([2, 3]);
  });

  it('reaches every trainable weight with its gradient', async () => {
    for (const arch of ['vgg', 'resnet8', 'mobilenetv2']) {
      const student = await make({ arch, width: 2 });
      const trained = student.variables.filter(({ trainable }) => trainable !== false);
      const image = tf.tensor(randomStream(2).normal(3 * 64), [3, 8, 8]);
      const { grads } = tf.variableGrads(
        () => tf.sum(tf.square(student.forward({ image }, stepContext(true)).logits as tf.Tensor)).asScalar(),
        trained.map(({ variable }) => variable),
      );
      for (const { name, variable } of trained) {
        const gradient = values(grads[variable.name]);
        expect(gradient.every(Number.isFinite), name).toBe(true);
        expect(
          gradient.some((g) => g !== 0),
          name,
        ).toBe(true);
      }
    }
  });

  it("takes each example by itself in inference, the batch's statistics in training", async () => {
    const student = await make({ arch: 'resnet8', width: 2 });
    const image = tf.tensor(randomStream(2).normal(3 * 64), [3, 8, 8]);
    const first = tf.slice(image, [0, 0, 0], [1, 8, 8]);
    const logits = (x: tf.Tensor, training: boolean) =>
      values(student.forward({ image: x }, stepContext(training)).logits).slice(0, 3);
    logits(first, false).forEach((value, i) =>
      expect(value).toBeCloseTo(logits(image, false)[i] as number, 4),
    );
    const [alone, together] = [logits(first, true), logits(image, true)];
    expect(alone.some((value, i) => Math.abs(value - (together[i] as number)) > 1e-3)).toBe(true);
    const mean = student.variables.find(({ name }) => name === 'stem.norm.mean');
    expect(values(mean?.variable).some((value) => value !== 0)).toBe(true);
  });

  it('drops pooled features while training', async () => {
    const drawn: Drawn[] = [];
    const student = await make({ width: 2, dropout: 0.25 });
    student.forward({ image: tf.ones([2, 8, 8]) }, stepContext(true, drawn));
    expect(drawn).toEqual([{ kind: 'keepMask', shape: [2, 8], rate: 0.25 }]);
  });

  it('has the same weights for the same seed', async () => {
    const kernel = async (seed: number) =>
      values((await make({ width: 2 }, images([8, 8]), seed)).variables[0]?.variable);
    expect(await kernel(1)).toEqual(await kernel(1));
    expect(await kernel(1)).not.toEqual(await kernel(2));
  });

  it.each([
    [images([784]), 'cnn: the input `image` has shape [784]'],
    [images([2, 8, 8, 3]), 'cnn: the input `image` has shape [2,8,8,3]'],
    [images([3, 32, 32]), 'cnn: the input `image` has shape [3,32,32], channels first (NCHW)'],
    [
      images([16, 32, 32], { preprocessing: { layout: 'NCHW', scale: 1, mean: [0], std: [1] } }),
      'cnn: the input `image` has shape [16,32,32], channels first (NCHW)',
    ],
  ])('refuses what is no image, %#', async (data, message) => {
    await expect(make({}, data)).rejects.toThrow(message);
    await expect(make({}, data)).rejects.toMatchObject({
      records: [{ hint: expect.stringContaining('[height, width, channels]') as string }],
    });
  });
});
