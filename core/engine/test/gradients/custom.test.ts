// Gradients that are written by hand, in TF.js's losses, in tf.layers and by users, against finite differences.
import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { apart, between, int32, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

/** Passes values and no gradient. */
const stop = (x: tf.Tensor): tf.Tensor =>
  tf.customGrad((a) => ({
    value: tf.clone(a as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x);

describe('gradients of losses', () => {
  it('are the derivatives', async () => {
    const [labels, logits, weights] = [
      between(0.1, 0.9)([4, 3]),
      apart(0.3, 2)([4, 3], 2),
      between(0.5, 1)([4, 1], 3),
    ];
    const losses: Record<string, (p: tf.Tensor, y: tf.Tensor, w: tf.Tensor) => tf.Tensor> = {
      absoluteDifference: (p, y, w) => tf.losses.absoluteDifference(y, tf.mul(p, 3), w),
      cosineDistance: (p, y) => tf.losses.cosineDistance(y, p, 1),
      hingeLoss: (p, y) => tf.losses.hingeLoss(tf.round(y), tf.mul(p, 3)),
      huberLoss: (p, y) => tf.losses.huberLoss(y, tf.mul(p, 3), 1, 0.7),
      logLoss: (p, y, w) => tf.losses.logLoss(y, tf.sigmoid(p), w),
      meanSquaredError: (p, y, w) => tf.losses.meanSquaredError(y, p, w),
      sigmoidCrossEntropy: (p, y) => tf.losses.sigmoidCrossEntropy(tf.round(y), p),
      softmaxCrossEntropy: (p) =>
        tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 2, 1, 2], 'int32'), 3), p, 1, 0.1),
      'distance of distributions': (p, y) => {
        const teacher = tf.softmax(tf.mul(y, 4));
        const student = tf.logSoftmax(tf.div(p, 4));
        return tf.mean(tf.sum(tf.mul(teacher, tf.sub(tf.log(teacher), student)), -1));
      },
      'sparse cross-entropy': (p) =>
        tf
          .mean(tf.metrics.sparseCategoricalAccuracy(tf.tensor1d([0, 2, 1, 2]), p))
          .add(
            tf.neg(
              tf.mean(tf.gatherND(tf.logSoftmax(p), tf.tensor2d([0, 0, 1, 2, 2, 1, 3, 2], [4, 2], 'int32'))),
            ),
          ),
      'connectionist-like sums': (p) => tf.mean(tf.logSumExp(tf.cumsum(p, 1), 0)),
    };
    await expectTrueGradients(
      Object.entries(losses).map(([name, loss]): Case => ({
        name,
        inputs: [logits, labels, weights],
        fixed: [1, 2],
        op: (p, y, w) => loss(p, y, w),
      })),
    );
  });

  it('reach soft labels too', async () => {
    await expectTrueGradients([
      {
        name: 'cross-entropy of a softmax',
        inputs: [normals([4, 3]), normals([4, 3], 2)],
        op: (p, t) => tf.neg(tf.sum(tf.mul(tf.softmax(t), tf.logSoftmax(p)), -1)),
      },
    ]);
  });
});

describe('tf.customGrad', () => {
  it('is taken as it is written', async () => {
    const clipped = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, 3),
    }));
    const scaled = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return {
        value: tf.exp(x as tf.Tensor),
        gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(dy, tf.exp(saved as tf.Tensor)),
      };
    });
    await expectTrueGradients([
      {
        name: 'another gradient than the derivative',
        inputs: [normals([2, 3])],
        op: (x) => clipped(x),
        derivativeOf: (x) => tf.mul(x, 3),
      },
      { name: 'saved tensors', inputs: [normals([2, 3])], op: (x) => tf.mul(scaled(tf.sin(x)), x) },
    ]);
  });

  it('stops gradients', async () => {
    const x = normals([2, 3]);
    const held = () => tf.tensor([...x.data], [...x.shape]);
    await expectTrueGradients([
      {
        name: 'a factor that is held',
        inputs: [x],
        op: (a) => tf.mul(tf.square(a), stop(a)),
        derivativeOf: (a) => tf.mul(tf.square(a), held()),
      },
      {
        name: 'straight through rounding',
        inputs: [apart(0.1, 0.4)([5])],
        op: (a) => tf.add(a, stop(tf.sub(tf.round(a), a))),
        derivativeOf: (a) => a,
      },
      {
        name: 'the teacher of a student, both of the same weights',
        inputs: [x],
        op: (a) => tf.sum(tf.mul(stop(tf.softmax(a)), tf.logSoftmax(a))),
        derivativeOf: (a) => tf.sum(tf.mul(tf.softmax(held()), tf.logSoftmax(a))),
      },
    ]);
  });

  it('reverses gradients', async () => {
    const reversed = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.neg(dy),
    }));
    await expectTrueGradients([
      {
        name: 'for an adversary',
        inputs: [normals([2, 3]), normals([3, 1], 2)],
        op: (x, w) => tf.sigmoid(tf.matMul(reversed(x), w)),
        fixed: [1],
        derivativeOf: (x, w) => tf.neg(tf.sigmoid(tf.matMul(x, w))),
      },
    ]);
  });
});

describe('gradients of small networks', () => {
  it('are the derivatives in every weight', async () => {
    await expectTrueGradients([
      {
        name: 'one step of a gated recurrent unit',
        inputs: [normals([2, 3]), normals([2, 4], 2), normals([3, 12], 3), normals([4, 12], 4)],
        op: (x, h, w, u) => {
          const [zx, rx, cx] = tf.split(tf.matMul(x, w), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
          const [zh, rh, ch] = tf.split(tf.matMul(h, u), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
          const [z, r] = [tf.sigmoid(tf.add(zx, zh)), tf.sigmoid(tf.add(rx, rh))];
          const candidate = tf.tanh(tf.add(cx, tf.mul(r, ch)));
          return tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), candidate));
        },
      },
      {
        name: 'a residual block',
        inputs: [normals([2, 5, 5, 2]), normals([3, 3, 2, 2], 2), normals([2], 3), normals([2, 3], 4)],
        op: (x, w, b, head) => {
          const h = tf.elu(tf.add(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), b));
          return tf.logSoftmax(tf.matMul(tf.mean(tf.add(h, x), [1, 2]), head));
        },
      },
      {
        name: 'an embedding that is its own output layer',
        inputs: [normals([5, 3]), int32([1, 4, 4, 0])],
        op: (table, ids) =>
          tf.logSoftmax(tf.matMul(tf.tanh(tf.gather(table, ids as tf.Tensor1D)), table, false, true)),
      },
    ]);
  });
});

holdVisits(import.meta.url);
