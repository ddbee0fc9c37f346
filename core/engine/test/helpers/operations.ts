// Operations on which TF.js's backends are most likely to differ, each as a function of trained tensors.
import * as tf from '@tensorflow/tfjs';

type Tensors = Readonly<Record<string, tf.Tensor>>;

export interface Operation {
  readonly name: string;
  /** Shapes of the tensors that gradients are taken of; filled with normal numbers. */
  readonly of: Readonly<Record<string, readonly number[]>>;
  /** Any output; it is weighed element by element and summed to the loss. */
  compute(at: Tensors): tf.Tensor;
}

const image = (t: tf.Tensor | undefined): tf.Tensor4D => t as tf.Tensor4D;

/** With scale and shift over the last axis. */
function layerNorm({ x, gamma, beta }: Tensors): tf.Tensor {
  const { mean, variance } = tf.moments(x as tf.Tensor, -1, true);
  const normal = tf.mul(tf.sub(x as tf.Tensor, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normal, gamma as tf.Tensor), beta as tf.Tensor);
}

/** Two heads; the last of four tokens is padding. */
function attention({ q, k, v }: Tensors): tf.Tensor {
  const mask = tf.tensor([0, 0, 0, -1e9], [1, 1, 1, 4]);
  const scores = tf.mul(tf.matMul(q as tf.Tensor, k as tf.Tensor, false, true), 0.5);
  return tf.matMul(tf.softmax(tf.add(scores, mask)), v as tf.Tensor);
}

function batchNorm({ x, gamma, beta }: Tensors): tf.Tensor {
  const { mean, variance } = tf.moments(x as tf.Tensor, [0, 1, 2]);
  return tf.batchNorm(
    x as tf.Tensor,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    beta as tf.Tensor1D,
    gamma as tf.Tensor1D,
  );
}

const ids = () => tf.tensor1d([2, 0, 2, 1, 2], 'int32');

export const operations: readonly Operation[] = [
  { name: 'gather', of: { x: [3, 4] }, compute: ({ x }) => tf.gather(x as tf.Tensor, ids()) },
  {
    name: 'gather along an inner axis',
    of: { x: [2, 3, 4] },
    compute: ({ x }) => tf.gather(x as tf.Tensor, ids(), 1),
  },
  {
    name: 'gather of nothing',
    of: { x: [3, 4] },
    compute: ({ x }) => tf.gather(x as tf.Tensor, tf.tensor1d([], 'int32')),
  },
  {
    name: 'segment sum',
    of: { x: [5, 3] },
    compute: ({ x }) => tf.unsortedSegmentSum(x as tf.Tensor, ids(), 4),
  },
  {
    name: 'gatherND',
    of: { x: [3, 4] },
    compute: ({ x }) =>
      tf.gatherND(
        x as tf.Tensor,
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
            [0, 1],
          ],
          [3, 2],
          'int32',
        ),
      ),
  },
  ...[false, true].flatMap((alignCorners) => [
    {
      name: `bilinear resize${alignCorners ? ', corners aligned' : ''}`,
      of: { x: [2, 3, 4, 2] },
      compute: ({ x }: Tensors) => tf.image.resizeBilinear(image(x), [6, 5], alignCorners),
    },
    {
      name: `nearest neighbour resize${alignCorners ? ', corners aligned' : ''}`,
      of: { x: [2, 3, 4, 2] },
      compute: ({ x }: Tensors) => tf.image.resizeNearestNeighbor(image(x), [6, 8], alignCorners),
    },
  ]),
  {
    name: 'bilinear resize, half pixel centres',
    of: { x: [2, 3, 4, 2] },
    compute: ({ x }) => tf.image.resizeBilinear(image(x), [6, 5], false, true),
  },
  ...(['same', 'valid', 1] as const).flatMap((pad) => [
    {
      name: `convolution, stride 2, padding ${pad}`,
      of: { x: [2, 7, 6, 2], w: [3, 3, 2, 3] },
      compute: ({ x, w }: Tensors) => tf.conv2d(image(x), image(w), 2, pad),
    },
    {
      name: `depthwise convolution, padding ${pad}`,
      of: { x: [2, 7, 6, 2], w: [3, 3, 2, 2] },
      compute: ({ x, w }: Tensors) => tf.depthwiseConv2d(image(x), image(w), 1, pad),
    },
  ]),
  {
    name: 'depthwise convolution, stride 2',
    of: { x: [2, 7, 6, 2], w: [3, 3, 2, 1] },
    compute: ({ x, w }) => tf.depthwiseConv2d(image(x), image(w), 2, 'same'),
  },
  {
    name: 'transposed convolution',
    of: { x: [2, 3, 4, 3], w: [3, 3, 2, 3] },
    compute: ({ x, w }) => tf.conv2dTranspose(image(x), image(w), [2, 6, 8, 2], 2, 'same'),
  },
  {
    name: 'separable convolution',
    of: { x: [2, 5, 5, 2], d: [3, 3, 2, 1], p: [1, 1, 2, 4] },
    compute: ({ x, d, p }) => tf.separableConv2d(image(x), image(d), image(p), 1, 'same'),
  },
  {
    name: 'dilated convolution',
    of: { x: [2, 9, 8, 2], w: [3, 3, 2, 3] },
    compute: ({ x, w }) => tf.conv2d(image(x), image(w), 1, 'valid', 'NHWC', 2),
  },
  {
    name: 'one-dimensional convolution',
    of: { x: [2, 9, 3], w: [3, 3, 4] },
    compute: ({ x, w }) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'),
  },
  {
    name: 'fused convolution with bias and ReLU',
    of: { x: [2, 5, 5, 2], w: [3, 3, 2, 3], bias: [3] },
    compute: ({ x, w, bias }) =>
      tf.fused.conv2d({
        x: image(x),
        filter: image(w),
        strides: 1,
        pad: 'same',
        bias: bias as tf.Tensor,
        activation: 'relu',
      }),
  },
  ...(['same', 'valid'] as const).map((pad) => ({
    name: `max pooling, windows overlap, padding ${pad}`,
    of: { x: [2, 7, 6, 3] },
    compute: ({ x }: Tensors) => tf.maxPool(image(x), 3, 2, pad),
  })),
  {
    name: 'average pooling',
    of: { x: [2, 6, 6, 3] },
    compute: ({ x }) => tf.avgPool(image(x), 2, 2, 'valid'),
  },
  {
    name: 'average pooling over padding',
    of: { x: [2, 7, 6, 3] },
    compute: ({ x }) => tf.avgPool(image(x), 3, 2, 'same'),
  },
  ...(['floor', 'ceil'] as const).flatMap((rounding) => [
    {
      name: `max pooling, one pixel of padding, ${rounding}`,
      of: { x: [2, 7, 6, 3] },
      compute: ({ x }: Tensors) => tf.maxPool(image(x), 3, 2, 1, rounding),
    },
    {
      name: `average pooling, one pixel of padding, ${rounding}`,
      of: { x: [2, 7, 6, 3] },
      compute: ({ x }: Tensors) => tf.avgPool(image(x), 3, 2, 1, rounding),
    },
    {
      name: `depthwise convolution, stride 2, one pixel of padding, ${rounding}`,
      of: { x: [2, 7, 6, 2], w: [3, 3, 2, 2] },
      compute: ({ x, w }: Tensors) => tf.depthwiseConv2d(image(x), image(w), 2, 1, 'NHWC', 1, rounding),
    },
  ]),
  {
    name: 'convolution, other padding on each side',
    of: { x: [2, 5, 4, 2], w: [3, 3, 2, 3] },
    compute: ({ x, w }) =>
      tf.conv2d(image(x), image(w), 1, [
        [0, 0],
        [2, 0],
        [0, 1],
        [0, 0],
      ]),
  },
  {
    name: 'fused convolution, one pixel of padding',
    of: { x: [2, 5, 4, 2], w: [3, 3, 2, 3], bias: [3] },
    compute: ({ x, w, bias }) =>
      tf.fused.conv2d({
        x: image(x),
        filter: image(w),
        strides: 2,
        pad: 1,
        bias: bias as tf.Tensor,
        activation: 'relu',
      }),
  },
  {
    name: 'fused depthwise convolution, one pixel of padding',
    of: { x: [2, 5, 4, 2], w: [3, 3, 2, 1], bias: [2] },
    compute: ({ x, w, bias }) =>
      tf.fused.depthwiseConv2d({
        x: image(x),
        filter: image(w),
        strides: 1,
        pad: 1,
        bias: bias as tf.Tensor,
        activation: 'relu6',
      }),
  },
  {
    name: 'dilated convolution, two pixels of padding',
    of: { x: [2, 7, 6, 2], w: [3, 3, 2, 3] },
    compute: ({ x, w }) => tf.conv2d(image(x), image(w), 1, 2, 'NHWC', 2),
  },
  {
    name: 'convolution in three dimensions',
    of: { x: [1, 4, 5, 4, 2], w: [2, 3, 2, 2, 3] },
    compute: ({ x, w }) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'),
  },
  {
    name: 'max pooling in three dimensions',
    of: { x: [1, 4, 4, 4, 2] },
    compute: ({ x }) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid'),
  },
  {
    name: 'average pooling in three dimensions',
    of: { x: [1, 5, 4, 4, 2] },
    compute: ({ x }) => tf.avgPool3d(x as tf.Tensor5D, 3, 2, 'same'),
  },
  {
    name: 'pooling in three dimensions, one pixel of padding',
    of: { x: [1, 4, 4, 4, 2] },
    compute: ({ x }) =>
      tf.add(tf.maxPool3d(x as tf.Tensor5D, 3, 1, 1), tf.avgPool3d(x as tf.Tensor5D, 3, 1, 1)),
  },
  { name: 'batch norm', of: { x: [3, 4, 4, 2], gamma: [2], beta: [2] }, compute: batchNorm },
  { name: 'layer norm', of: { x: [3, 4, 6], gamma: [6], beta: [6] }, compute: layerNorm },
  { name: 'attention', of: { q: [2, 2, 4, 4], k: [2, 2, 4, 4], v: [2, 2, 4, 4] }, compute: attention },
  {
    name: 'einsum',
    of: { a: [2, 3, 4], b: [4, 5, 2] },
    compute: ({ a, b }) => tf.einsum('bij,jkb->bik', a as tf.Tensor, b as tf.Tensor),
  },
  {
    name: 'products of broadcast batches',
    of: { a: [2, 3, 4], b: [4, 5] },
    compute: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
  },
  { name: 'cumulative products', of: { x: [3, 4] }, compute: ({ x }) => tf.cumprod(x as tf.Tensor, 1) },
  {
    name: 'scatterND',
    of: { x: [3, 2] },
    compute: ({ x }) => tf.scatterND(tf.tensor2d([[1], [3], [1]], [3, 1], 'int32'), x as tf.Tensor, [5, 2]),
  },
  {
    name: 'tensorScatterUpdate',
    of: { x: [4, 2], y: [2, 2] },
    compute: ({ x, y }) =>
      tf.tensorScatterUpdate(x as tf.Tensor, tf.tensor2d([[2], [0]], [2, 1], 'int32'), y as tf.Tensor),
  },
  {
    name: 'integers and truth values',
    of: { x: [3, 4] },
    compute: ({ x }) => {
      const whole = tf.cast(tf.round(tf.mul(x as tf.Tensor, 3)), 'int32');
      const odd = tf.notEqual(tf.mod(whole, tf.scalar(2, 'int32')), tf.scalar(0, 'int32'));
      const some = tf.logicalOr(
        tf.logicalAnd(odd, tf.greater(whole, tf.scalar(0, 'int32'))),
        tf.logicalNot(odd),
      );
      const share = tf.cast(tf.any(some, 1), 'float32').add(tf.cast(tf.all(odd, 0).any(), 'float32'));
      const third = tf.cast(tf.floorDiv(whole, tf.scalar(3, 'int32')), 'float32');
      return tf.mul(tf.mul(x as tf.Tensor, tf.cast(some, 'float32')), tf.add(third, tf.expandDims(share, 1)));
    },
  },
  { name: 'top k', of: { x: [3, 7] }, compute: ({ x }) => tf.topk(x as tf.Tensor, 3).values },
  {
    name: 'cumulative sums',
    of: { x: [3, 5] },
    compute: ({ x }) => tf.cumsum(x as tf.Tensor, 1, true, true),
  },
  {
    name: 'where',
    of: { x: [3, 4], y: [3, 4] },
    compute: ({ x, y }) => tf.where(tf.greater(x as tf.Tensor, 0), y as tf.Tensor, tf.mul(x as tf.Tensor, 2)),
  },
  {
    name: 'mirror padding',
    of: { x: [3, 4] },
    compute: ({ x }) =>
      tf.mirrorPad(
        x as tf.Tensor,
        [
          [1, 1],
          [2, 0],
        ],
        'reflect',
      ),
  },
  {
    name: 'padding',
    of: { x: [3, 4] },
    compute: ({ x }) =>
      tf.pad(
        x as tf.Tensor,
        [
          [1, 0],
          [2, 1],
        ],
        0.5,
      ),
  },
  {
    name: 'strided slices',
    of: { x: [5, 6] },
    compute: ({ x }) => tf.stridedSlice(x as tf.Tensor, [0, 5], [5, 0], [2, -2]),
  },
  { name: 'reversing', of: { x: [3, 4] }, compute: ({ x }) => tf.reverse(x as tf.Tensor, [0, 1]) },
  {
    name: 'concat, split, stack and tile',
    of: { x: [4, 6], y: [4, 2] },
    compute: ({ x, y }) => {
      const parts = tf.split(tf.concat([x as tf.Tensor, y as tf.Tensor], 1), [3, 1, 4], 1);
      return tf.tile(
        tf.concat([parts[2] as tf.Tensor, tf.stack(tf.unstack(parts[0] as tf.Tensor, 1), 1)], 1),
        [2, 1],
      );
    },
  },
  {
    name: 'largest and smallest',
    of: { x: [3, 5] },
    compute: ({ x }) => tf.sub(tf.max(x as tf.Tensor, 1), tf.min(x as tf.Tensor, 1)),
  },
  { name: 'products of an axis', of: { x: [3, 4] }, compute: ({ x }) => tf.prod(x as tf.Tensor, 1) },
  {
    name: 'log-sum-exp and log-softmax',
    of: { x: [3, 5] },
    compute: ({ x }) => tf.add(tf.logSoftmax(x as tf.Tensor), tf.logSumExp(x as tf.Tensor, 1, true)),
  },
  {
    name: 'depth to space',
    of: { x: [2, 3, 3, 8] },
    compute: ({ x }) => tf.depthToSpace(image(x), 2, 'NHWC'),
  },
  {
    name: 'space to batch and back',
    of: { x: [2, 4, 4, 2] },
    compute: ({ x }) =>
      tf.batchToSpaceND(
        tf.tanh(
          tf.spaceToBatchND(
            x as tf.Tensor,
            [2, 2],
            [
              [0, 0],
              [0, 0],
            ],
          ),
        ),
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
  },
  {
    name: 'local response normalisation',
    of: { x: [2, 3, 3, 6] },
    compute: ({ x }) => tf.localResponseNormalization(image(x), 2),
  },
  {
    name: 'norms',
    of: { x: [3, 4] },
    compute: ({ x }) => tf.concat([tf.norm(x as tf.Tensor, 2, 1), tf.norm(x as tf.Tensor, 1, 1)]),
  },
  {
    name: 'one-hot rows and a comparison',
    of: { x: [5, 3] },
    compute: ({ x }) =>
      tf.mul(
        tf.mul(x as tf.Tensor, tf.oneHot(ids(), 3)),
        tf
          .cast(tf.notEqual(tf.argMax(x as tf.Tensor, 1), ids()), 'float32')
          .expandDims(1)
          .add(1),
      ),
  },
  {
    name: 'clipping, floor and remainder',
    of: { x: [3, 4], y: [3, 4] },
    compute: ({ x, y }) =>
      tf.add(
        tf.clipByValue(x as tf.Tensor, -0.5, 0.5),
        tf.mul(y as tf.Tensor, tf.mod(tf.floor(tf.mul(x as tf.Tensor, 4)), 3)),
      ),
  },
  ...Object.entries({
    elu: tf.elu,
    selu: tf.selu,
    softplus: tf.softplus,
    sigmoid: tf.sigmoid,
    'log-sigmoid': tf.logSigmoid,
    tanh: tf.tanh,
    erf: tf.erf,
    relu6: tf.relu6,
    'leaky ReLU': (x: tf.Tensor) => tf.leakyRelu(x, 0.1),
    exp: tf.exp,
    'log of 1 +': (x: tf.Tensor) => tf.log1p(tf.abs(x)),
    square: tf.square,
    'square root': (x: tf.Tensor) => tf.sqrt(tf.add(tf.abs(x), 0.1)),
    reciprocal: (x: tf.Tensor) => tf.reciprocal(tf.add(tf.square(x), 1)),
    sine: tf.sin,
    arctangent: tf.atan,
    swish: (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x)),
    power: (x: tf.Tensor) => tf.pow(tf.add(tf.abs(x), 0.1), 1.5),
  }).map(([name, of]) => ({ name, of: { x: [3, 5] }, compute: ({ x }: Tensors) => of(x as tf.Tensor) })),
  {
    name: 'PReLU',
    of: { x: [3, 4], slope: [4] },
    compute: ({ x, slope }) => tf.prelu(x as tf.Tensor, slope as tf.Tensor),
  },
  {
    name: 'distance of pairs',
    of: { x: [3, 2], y: [4, 2] },
    compute: ({ x, y }) =>
      tf.sum(tf.squaredDifference(tf.expandDims(x as tf.Tensor, 1), tf.expandDims(y as tf.Tensor, 0)), -1),
  },
  {
    name: 'Huber and cosine losses',
    of: { x: [4, 3], y: [4, 3] },
    compute: ({ x, y }) =>
      tf.add(
        tf.losses.huberLoss(x as tf.Tensor, y as tf.Tensor),
        tf.losses.cosineDistance(x as tf.Tensor, y as tf.Tensor, 1),
      ),
  },
  {
    name: 'a gradient of the user',
    of: { x: [3, 4] },
    compute: ({ x }) =>
      tf.customGrad((t, save) => {
        (save as tf.GradSaveFunc)([t as tf.Tensor]);
        return {
          value: tf.sign(t as tf.Tensor),
          gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
            tf.mul(dy, tf.cast(tf.less(tf.abs(saved as tf.Tensor), 1), 'float32')),
        };
      })(x as tf.Tensor),
  },
  {
    name: 'one element',
    of: { x: [1] },
    compute: ({ x }) => tf.softmax(tf.expandDims(tf.mul(x as tf.Tensor, 3), 0)),
  },
];
