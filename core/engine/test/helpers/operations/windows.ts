// Operations whose windows move over images: convolution, pooling, resizing, with every kind of padding.
import * as tf from '@tensorflow/tfjs';
import { image, operation, type Operation, volume } from './operation.js';

const photos = [2, 7, 6, 2];

const convolutions: Operation[] = [
  operation(
    'transposed convolution',
    [
      [2, 3, 4, 3],
      [3, 3, 2, 3],
    ],
    (x, w) => tf.conv2dTranspose(image(x), image(w), [2, 6, 8, 2], 2, 'same'),
  ),
  operation('separable convolution', [photos, [3, 3, 2, 1], [1, 1, 2, 4]], (x, depth, point) =>
    tf.separableConv2d(image(x), image(depth), image(point), 1, 'same'),
  ),
  operation('dilated convolution', [photos, [3, 3, 2, 3]], (x, w) =>
    tf.conv2d(image(x), image(w), 1, 'valid', 'NHWC', 2),
  ),
  operation('dilated convolution, two pixels of padding', [photos, [3, 3, 2, 3]], (x, w) =>
    tf.conv2d(image(x), image(w), 1, 2, 'NHWC', 2),
  ),
  operation('depthwise convolution, stride 2', [photos, [3, 3, 2, 1]], (x, w) =>
    tf.depthwiseConv2d(image(x), image(w), 2, 'same'),
  ),
  operation(
    'one-dimensional convolution',
    [
      [2, 9, 3],
      [3, 3, 4],
    ],
    (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'),
  ),
  operation(
    'convolution in three dimensions',
    [
      [1, 4, 5, 4, 2],
      [2, 3, 2, 2, 3],
    ],
    (x, w) => tf.conv3d(volume(x), volume(w), 1, 'same'),
  ),
  operation('convolution, other padding on each side', [photos, [3, 3, 2, 3]], (x, w) =>
    tf.conv2d(image(x), image(w), 1, [
      [0, 0],
      [2, 0],
      [0, 1],
      [0, 0],
    ]),
  ),
  operation('fused depthwise convolution, one pixel of padding', [photos, [3, 3, 2, 1], [2]], (x, w, bias) =>
    tf.fused.depthwiseConv2d({
      x: image(x),
      filter: image(w),
      strides: 1,
      pad: 1,
      bias,
      activation: 'relu6',
    }),
  ),
];

for (const pad of ['same', 'valid', 1] as const)
  convolutions.push(
    operation(`convolution, stride 2, padding ${pad}`, [photos, [3, 3, 2, 3]], (x, w) =>
      tf.conv2d(image(x), image(w), 2, pad),
    ),
    operation(`depthwise convolution, padding ${pad}`, [photos, [3, 3, 2, 2]], (x, w) =>
      tf.depthwiseConv2d(image(x), image(w), 1, pad),
    ),
    operation(
      `fused convolution with bias and ReLU, padding ${pad}`,
      [photos, [3, 3, 2, 3], [3]],
      (x, w, bias) =>
        tf.fused.conv2d({ x: image(x), filter: image(w), strides: 2, pad, bias, activation: 'relu' }),
    ),
  );

const pools: Operation[] = [
  operation('average pooling, windows apart', [photos], (x) => tf.avgPool(image(x), 2, 2, 'valid')),
  operation('max pooling in three dimensions', [[1, 4, 4, 4, 2]], (x) =>
    tf.maxPool3d(volume(x), 2, 2, 'valid'),
  ),
  operation('average pooling in three dimensions', [[1, 5, 4, 4, 2]], (x) =>
    tf.avgPool3d(volume(x), 3, 2, 'same'),
  ),
  operation('pooling in three dimensions, one pixel of padding', [[1, 4, 4, 4, 2]], (x) =>
    tf.add(tf.maxPool3d(volume(x), 3, 1, 1), tf.avgPool3d(volume(x), 3, 1, 1)),
  ),
];

for (const pad of ['same', 'valid'] as const)
  pools.push(
    operation(`max pooling, windows overlap, padding ${pad}`, [photos], (x) =>
      tf.maxPool(image(x), 3, 2, pad),
    ),
    operation(`average pooling, windows overlap, padding ${pad}`, [photos], (x) =>
      tf.avgPool(image(x), 3, 2, pad),
    ),
  );

for (const rounding of ['floor', 'ceil'] as const)
  pools.push(
    operation(`max pooling, one pixel of padding, ${rounding}`, [photos], (x) =>
      tf.maxPool(image(x), 3, 2, 1, rounding),
    ),
    operation(`average pooling, one pixel of padding, ${rounding}`, [photos], (x) =>
      tf.avgPool(image(x), 3, 2, 1, rounding),
    ),
    operation(
      `depthwise convolution, stride 2, one pixel of padding, ${rounding}`,
      [photos, [3, 3, 2, 2]],
      (x, w) => tf.depthwiseConv2d(image(x), image(w), 2, 1, 'NHWC', 1, rounding),
    ),
  );

const resizes: Operation[] = [
  operation('bilinear resize, half pixel centres', [[2, 3, 4, 2]], (x) =>
    tf.image.resizeBilinear(image(x), [6, 5], false, true),
  ),
  operation('bilinear resize to less', [[2, 6, 5, 2]], (x) => tf.image.resizeBilinear(image(x), [3, 4])),
];

for (const aligned of [false, true]) {
  const how = aligned ? 'corners aligned' : 'corners free';
  resizes.push(
    operation(`bilinear resize, ${how}`, [[2, 3, 4, 2]], (x) =>
      tf.image.resizeBilinear(image(x), [6, 5], aligned),
    ),
    operation(`nearest neighbour resize, ${how}`, [[2, 3, 4, 2]], (x) =>
      tf.image.resizeNearestNeighbor(image(x), [6, 8], aligned),
    ),
  );
}

const blocks: Operation[] = [
  operation('depth to space', [[2, 3, 3, 8]], (x) => tf.depthToSpace(image(x), 2, 'NHWC')),
  operation('space to batch and back', [[2, 4, 4, 2]], (x) => {
    const edges = [
      [0, 0],
      [0, 0],
    ];
    return tf.batchToSpaceND(tf.tanh(tf.spaceToBatchND(x, [2, 2], edges)), [2, 2], edges);
  }),
  operation('local response normalisation', [[2, 3, 3, 6]], (x) =>
    tf.localResponseNormalization(image(x), 2),
  ),
];

export const windows: readonly Operation[] = [...convolutions, ...pools, ...resizes, ...blocks];
