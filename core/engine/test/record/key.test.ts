// Keys of recordings: equal for the same computation, different for any other.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { randomStream, sgd, type TrainingDefinition } from '@potstill/engine';
import { kernelTable } from '../../src/kernels/index.js';
import { recordingKey } from '../../src/record/key.js';
import { type InputShapes, recordStep } from '../../src/record/step.js';
import { Recorded } from '../../src/record/tape.js';

type Loss = (x: tf.Tensor, w: tf.Tensor) => tf.Tensor;

const shapes: InputShapes = { x: { dtype: 'float32', shape: [3, 4] } };

function keyOf(
  loss: Loss,
  { inputs = shapes, name = 'w', momentum = 0.9, start = 1 } = {},
): string | undefined {
  const variable = tf.tidy(() => tf.variable(tf.fill([4], start)));
  const definition: TrainingDefinition = {
    variables: [{ name, variable }],
    loss: ({ x }) => ({ loss: loss(x as tf.Tensor, variable) as tf.Scalar }),
    optimizer: sgd({ momentum }),
    random: randomStream(start),
  };
  const step = recordStep(kernelTable, definition, inputs);
  variable.dispose();
  return recordingKey([step.loss, ...step.changes.map(({ next }) => next)]);
}

const loss: Loss = (x, w) => tf.mean(tf.square(tf.mul(x, w)));

describe('recordingKey', () => {
  it('is the same for the same computation, whatever function, line, weights and stream it has', () => {
    const key = keyOf(loss);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf(loss)).toBe(key);
    const spelled: Loss = (x, w) => {
      const product = tf.mul(x, w);
      return tf.mean(tf.square(product));
    };
    expect(keyOf(spelled, { start: 7 })).toBe(key);
  });

  it.each<[string, Loss, Parameters<typeof keyOf>[1]]>([
    ['kernels', (x, w) => tf.mean(tf.abs(tf.mul(x, w))), {}],
    ['order of operands', (x, w) => tf.mean(tf.square(tf.mul(w, x))), {}],
    ['attributes', (x, w) => tf.sum(tf.mean(tf.square(tf.mul(x, w)), 1)), {}],
    ['other attributes', (x, w) => tf.sum(tf.mean(tf.square(tf.mul(x, w)), 0)), {}],
    ['constants', (x, w) => tf.mean(tf.square(tf.mul(x, tf.add(w, tf.tensor1d([1, 2, 3, 4]))))), {}],
    ['other constants', (x, w) => tf.mean(tf.square(tf.mul(x, tf.add(w, tf.tensor1d([1, 2, 3, 5]))))), {}],
    ['a constant of 0', (x, w) => tf.mean(tf.square(tf.mul(x, tf.add(w, 0)))), {}],
    ['a constant of -0', (x, w) => tf.mean(tf.square(tf.mul(x, tf.add(w, -0)))), {}],
    ['shapes', loss, { inputs: { x: { dtype: 'float32', shape: [2, 4] } } }],
    ['dtypes', (x, w) => loss(x.toFloat(), w), { inputs: { x: { dtype: 'int32', shape: [3, 4] } } }],
    ['names', loss, { name: 'v' }],
    ['the optimiser', loss, { momentum: 0.8 }],
  ])('differs with %s', (_, other, options) => {
    const all = [loss, ...(other === loss ? [] : [other])].map((one) => keyOf(one));
    expect(keyOf(other, options)).not.toBe(keyOf(loss));
    expect(new Set(all).size).toBe(all.length);
    // And the same again when it is recorded again.
    expect(keyOf(other, options)).toBe(keyOf(other, options));
  });

  it('gives none where an attribute cannot be written down', () => {
    const kernel = {
      kernel: 'Odd',
      inputs: {},
      attributes: { f: () => 1 },
      outputs: [] as Recorded[],
      line: () => undefined,
    };
    const made = new Recorded([], 'float32', { kind: 'kernel', kernel, index: 0 });
    kernel.outputs.push(made);
    expect(recordingKey([made])).toBeUndefined();
  });
});
