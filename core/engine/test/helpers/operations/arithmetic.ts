// Operations on numbers: products, reductions, normalisations, activations, losses.
import * as tf from '@tensorflow/tfjs';
import { operation, type Operation } from './operation.js';

const activations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  elu: tf.elu,
  selu: tf.selu,
  softplus: tf.softplus,
  sigmoid: tf.sigmoid,
  'log-sigmoid': tf.logSigmoid,
  tanh: tf.tanh,
  erf: tf.erf,
  relu6: tf.relu6,
  'leaky ReLU': (x) => tf.leakyRelu(x, 0.1),
  exp: tf.exp,
  'log of 1 +': (x) => tf.log1p(tf.abs(x)),
  square: tf.square,
  'square root': (x) => tf.sqrt(tf.add(tf.abs(x), 0.1)),
  reciprocal: (x) => tf.reciprocal(tf.add(tf.square(x), 1)),
  sine: tf.sin,
  arctangent: tf.atan,
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  power: (x) => tf.pow(tf.add(tf.abs(x), 0.1), 1.5),
};

export const arithmetic: readonly Operation[] = [
  ...Object.entries(activations).map(([name, of]) => operation(name, [[3, 5]], (x) => of(x))),
  operation('PReLU', [[3, 4], [4]], (x, slope) => tf.prelu(x, slope)),
  operation('batch norm', [[3, 4, 4, 2], [2], [2]], (x, gamma, beta) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const [m, v, b, g] = [mean, variance, beta, gamma] as tf.Tensor1D[] as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    return tf.batchNorm(x, m, v, b, g);
  }),
  operation('layer norm', [[3, 4, 6], [6], [6]], (x, gamma, beta) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(normal, gamma), beta);
  }),
  operation(
    'attention whose last token is padding',
    [
      [2, 2, 4, 4],
      [2, 2, 4, 4],
      [2, 2, 4, 4],
    ],
    (q, k, v) => {
      const mask = tf.tensor([0, 0, 0, -1e9], [1, 1, 1, 4]);
      const scores = tf.mul(tf.matMul(q, k, false, true), 0.5);
      return tf.matMul(tf.softmax(tf.add(scores, mask)), v);
    },
  ),
  operation(
    'einsum',
    [
      [2, 3, 4],
      [4, 5, 2],
    ],
    (a, b) => tf.einsum('bij,jkb->bik', a, b),
  ),
  operation(
    'products of broadcast batches',
    [
      [2, 3, 4],
      [4, 5],
    ],
    (a, b) => tf.matMul(a, b),
  ),
  operation('largest and smallest', [[3, 5]], (x) => tf.sub(tf.max(x, 1), tf.min(x, 1))),
  operation('products of an axis', [[3, 4]], (x) => tf.prod(x, 1)),
  operation('log-sum-exp and log-softmax', [[3, 5]], (x) =>
    tf.add(tf.logSoftmax(x), tf.logSumExp(x, 1, true)),
  ),
  operation('norms', [[3, 4]], (x) => tf.concat([tf.norm(x, 2, 1), tf.norm(x, 1, 1)])),
  operation(
    'clipping, floor and remainder',
    [
      [3, 4],
      [3, 4],
    ],
    (x, y) => tf.add(tf.clipByValue(x, -0.5, 0.5), tf.mul(y, tf.mod(tf.floor(tf.mul(x, 4)), 3))),
  ),
  operation(
    'distance of pairs',
    [
      [3, 2],
      [4, 2],
    ],
    (x, y) => tf.sum(tf.squaredDifference(tf.expandDims(x, 1), tf.expandDims(y, 0)), -1),
  ),
  operation(
    'Huber and cosine losses',
    [
      [4, 3],
      [4, 3],
    ],
    (x, y) => tf.add(tf.losses.huberLoss(x, y), tf.losses.cosineDistance(x, y, 1)),
  ),
  operation('a gradient of the user', [[3, 4]], (x) =>
    tf.customGrad((t, save) => {
      (save as tf.GradSaveFunc)([t as tf.Tensor]);
      return {
        value: tf.sign(t as tf.Tensor),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
          tf.mul(dy, tf.cast(tf.less(tf.abs(saved[0] as tf.Tensor), 1), 'float32')),
      };
    })(x),
  ),
  operation('one element', [[1]], (x) => tf.softmax(tf.expandDims(tf.mul(x, 3), 0))),
];
