// Batch norm: closed-form gradient, moving statistics, training against inference.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNorm, normalize } from '../../src/students/batch-norm.js';
import { VariableSet } from '../../src/students/variables.js';
import { stepContext } from '../../src/testing/step-context.js';

beforeAll(() => tf.setBackend('cpu'));

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
const drawn = (shape: number[], seed: number) =>
  tf.tensor(randomStream(seed).normal(shape.reduce((product, length) => product * length, 1)), shape);

function make(channels: number) {
  const variables = new VariableSet(randomStream(1));
  const layer = batchNorm(variables, 'n', channels);
  const of = (name: string) => {
    const found = variables.list.find((variable) => variable.name === `n.${name}`);
    if (!found) throw new Error(`no variable ${name}`);
    return found;
  };
  return { layer, of };
}

describe('normalize', () => {
  it.each([[[6, 3]], [[2, 3, 4, 3]]])("has the gradients of TF.js's autodiff, %j", (shape) => {
    const axes = shape.slice(0, -1).map((_, i) => i);
    const x = drawn(shape, 1);
    const scale = drawn([3], 2);
    const offset = drawn([3], 3);
    const weights = drawn(shape, 4);
    const statistics = (y: tf.Tensor) => {
      const { mean, variance } = tf.moments(y, axes);
      return { mean, variance };
    };
    const closed = tf.valueAndGrads((y, s, o) => tf.sum(tf.mul(weights, normalize(y, s, o, statistics(y)))));
    const plain = tf.valueAndGrads((y, s, o) => {
      const { mean, variance } = statistics(y);
      const normal = tf.div(tf.sub(y, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.sum(tf.mul(weights, tf.add(tf.mul(normal, s), o)));
    });
    const ours = closed([x, scale, offset]);
    const theirs = plain([x, scale, offset]);
    expect(values(ours.value)[0]).toBeCloseTo(values(theirs.value)[0] as number, 4);
    ours.grads.forEach((gradient, i) => {
      const expected = values(theirs.grads[i] as tf.Tensor);
      values(gradient).forEach((value, j) => expect(value).toBeCloseTo(expected[j] as number, 4));
    });
  });
});

describe('batchNorm', () => {
  it('gives mean 0 and variance 1 in each channel while training, and moves its statistics', () => {
    const { layer, of } = make(2);
    const x = tf.add(tf.mul(drawn([50, 2], 5), [2, 3]), [10, -5]);
    const batch = tf.moments(x, 0);
    const after = tf.moments(layer(x, stepContext(true)), 0);
    values(after.mean).forEach((mean) => expect(mean).toBeCloseTo(0, 4));
    values(after.variance).forEach((variance) => expect(variance).toBeCloseTo(1, 4));
    const [mean, variance] = [values(of('mean').variable), values(of('variance').variable)];
    values(batch.mean).forEach((m, i) => expect(mean[i]).toBeCloseTo(0.1 * m, 5));
    values(batch.variance).forEach((v, i) => expect(variance[i]).toBeCloseTo(0.9 + 0.1 * v, 5));
  });

  it('uses its moving statistics in inference, and leaves them alone', () => {
    const { layer, of } = make(1);
    of('mean').variable.assign(tf.tensor1d([2]));
    of('variance').variable.assign(tf.tensor1d([4]));
    const y = layer(tf.tensor2d([[2], [6]]), stepContext(false));
    values(y).forEach((value, i) => expect(value).toBeCloseTo([0, 2][i] as number, 4));
    expect([values(of('mean').variable), values(of('variance').variable)]).toEqual([[2], [4]]);
  });

  it('keeps its statistics from the optimiser, its scale and offset from weight decay', () => {
    const { of } = make(1);
    expect([of('mean').trainable, of('variance').trainable]).toEqual([false, false]);
    expect([of('scale').decay, of('offset').decay]).toEqual([false, false]);
  });

  it('is finite for a batch of one', () => {
    const { layer } = make(2);
    const context = stepContext(true);
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(layer(x, context)))(tf.tensor2d([[3, -1]]));
    expect(values(gradient)).toEqual([0, 0]);
  });
});
