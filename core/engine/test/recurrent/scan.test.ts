// `scan` recorded as one ONNX Scan, beside the same cell run step by step.
import * as tf from '@tensorflow/tfjs';
import { type NamedVariable, scan } from '@potstill/engine';
import { describe, it } from 'vitest';
import { expectAgreement, lossOf, numbers, variableOf } from '../helpers/agree.js';

/** h' = tanh(x w + h u + b), of which every step gives h'. */
function plainCell(
  { h }: { h: tf.Tensor2D },
  { x }: { x: tf.Tensor2D },
  { w, u, b }: { w: tf.Tensor2D; u: tf.Tensor2D; b: tf.Tensor1D },
) {
  const next = tf.tanh(tf.add(tf.add(tf.matMul(x, w), tf.matMul(h, u)), b));
  return { carry: { h: next as tf.Tensor2D }, y: { h: next } };
}

function plainWeights(batch: number, features: number, units: number) {
  return {
    w: variableOf('w', [features, units]),
    u: variableOf('u', [units, units]),
    b: variableOf('b', [units]),
    h: variableOf('h', [batch, units]),
  };
}

const of = <R extends tf.Rank>({ variable }: NamedVariable): tf.Tensor<R> =>
  variable as tf.Tensor as tf.Tensor<R>;

describe('scan', () => {
  it.each([
    [1, 1, 1, 1, false],
    [5, 3, 2, 4, false],
    [5, 3, 2, 4, true],
    [4, 1, 3, 1, true],
    [2, 2, 1, 5, false],
  ])(
    'trains a plain recurrent cell: %i steps, batch %i, %i features, %i units, reverse %s',
    async (time, batch, features, units, reverse) => {
      const weights = plainWeights(batch, features, units);
      await expectAgreement(
        Object.values(weights),
        ({ x }) => {
          const { carry, y } = scan(plainCell, {
            carry: { h: of<tf.Rank.R2>(weights.h) },
            sequences: { x: x as tf.Tensor },
            constants: {
              w: of<tf.Rank.R2>(weights.w),
              u: of<tf.Rank.R2>(weights.u),
              b: of<tf.Rank.R1>(weights.b),
            },
            reverse,
          });
          return { loss: lossOf({ last: carry.h, all: y.h }) };
        },
        { x: numbers('x', [time, batch, features]) },
      );
    },
  );
});
