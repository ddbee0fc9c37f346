// Gradients on TF.js's cpu backend: the engine's own hold there too, those of TF.js that the engine departs from are wrong.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { extendedGradients, missingGradients, replacedGradients } from '../../src/kernels/gradients/table.js';
import { departures } from '../../src/kernels/index.js';
import { type Case, expectTrueGradients, findWrong } from '../helpers/differences.js';
import { apart, distinct, int32, normals } from '../helpers/operands.js';

const mask = (truth: tf.Tensor): tf.Tensor => tf.cast(truth, 'float32');

/** A case for each gradient of the engine's own. */
const own: Readonly<Record<string, Omit<Case, 'name'>>> = {
  All: {
    inputs: [distinct([3, 4])],
    op: (x) => tf.mul(x, mask(tf.all(tf.greater(x, -0.3), 1, true))),
  },
  Any: {
    inputs: [distinct([3, 4])],
    op: (x) => tf.mul(x, mask(tf.any(tf.greater(x, 0.2), 1, true))),
  },
  BatchMatMul: { inputs: [normals([2, 3, 4]), normals([4, 2], 2)], op: (a, b) => tf.matMul(a, b) },
  Conv3DBackpropInputV2: {
    inputs: [normals([1, 2, 3, 2, 2]), normals([2, 3, 2, 1, 2], 2)],
    op: (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3dTranspose(x, w, [1, 4, 6, 4, 1], 2, 'same'),
  },
  Cumprod: { inputs: [apart(0.5, 1.5)([2, 4, 3])], op: (x) => tf.cumprod(x, 1) },
  Cumsum: { inputs: [normals([2, 4, 3])], op: (x) => tf.cumsum(x, 0, true) },
  DepthToSpace: { inputs: [normals([1, 2, 3, 4])], op: (x: tf.Tensor4D) => tf.depthToSpace(x, 2) },
  Diag: { inputs: [normals([3])], op: (x) => tf.diag(x) },
  Einsum: {
    inputs: [normals([2, 3, 4]), normals([2, 5, 4], 2)],
    op: (a, b) => tf.einsum('bij,bkj->bik', a, b),
  },
  Equal: { inputs: [distinct([4])], op: (x) => tf.mul(x, mask(tf.equal(x, tf.square(x)))) },
  FlipLeftRight: { inputs: [normals([1, 2, 3, 2])], op: (x: tf.Tensor4D) => tf.image.flipLeftRight(x) },
  GatherNd: {
    inputs: [normals([3, 4]), int32([2, 0, 2], [3, 1])],
    op: (x, i) => tf.gatherND(x, i),
  },
  Greater: { inputs: [apart(0.2, 2)([5])], op: (x) => tf.where(tf.greater(x, 0), tf.square(x), x) },
  Less: { inputs: [apart(0.2, 2)([5])], op: (x) => tf.where(tf.less(x, 0), tf.square(x), x) },
  LessEqual: { inputs: [apart(0.2, 2)([5])], op: (x) => tf.where(tf.lessEqual(x, 0), tf.square(x), x) },
  LogicalAnd: {
    inputs: [apart(0.2, 2)([5])],
    op: (x) => tf.mul(x, mask(tf.logicalAnd(tf.greater(x, -1), tf.less(x, 1)))),
  },
  LogicalNot: {
    inputs: [apart(0.2, 2)([5])],
    op: (x) => tf.mul(x, mask(tf.logicalNot(tf.greater(x, 0)))),
  },
  LogicalOr: {
    inputs: [apart(0.2, 2)([5])],
    op: (x) => tf.mul(x, mask(tf.logicalOr(tf.greater(x, 1), tf.less(x, -1)))),
  },
  Maximum: { inputs: [distinct([2, 3]), normals([1], 2)], op: (a, b) => tf.maximum(a, b) },
  Minimum: { inputs: [distinct([2, 3]), normals([1], 2)], op: (a, b) => tf.minimum(a, b) },
  MirrorPad: {
    inputs: [normals([4, 3])],
    op: (x) =>
      tf.mirrorPad(
        x,
        [
          [2, 1],
          [0, 2],
        ],
        'reflect',
      ),
  },
  NotEqual: { inputs: [distinct([4])], op: (x) => tf.mul(x, mask(tf.notEqual(x, tf.square(x)))) },
  ScatterNd: {
    inputs: [normals([3, 2]), int32([1, 3, 1], [3, 1])],
    op: (x, i) => tf.scatterND(i, x, [5, 2]),
  },
  SplitV: { inputs: [normals([3, 2])], op: (x) => tf.split(x, 1)[0] as tf.Tensor },
  SquaredDifference: {
    inputs: [normals([2, 3]), normals([3], 2)],
    op: (a, b) => tf.squaredDifference(a, b),
  },
  StridedSlice: {
    inputs: [normals([5, 6])],
    op: (x) => tf.stridedSlice(x, [4, 1], [-6, 6], [-2, 3]),
  },
  TensorScatterUpdate: {
    inputs: [normals([4, 2]), normals([2, 2], 2), int32([3, 1], [2, 1])],
    op: (x, updates, i) => tf.tensorScatterUpdate(x, i, updates),
  },
  Tile: { inputs: [normals([2, 1, 3, 1, 2])], op: (x) => tf.tile(x, [1, 3, 2, 1, 2]) },
  TopK: { inputs: [distinct([3, 5])], op: (x) => tf.topk(x, 2).values },
  Unpack: { inputs: [normals([1, 3])], op: (x) => tf.unstack(x)[0] as tf.Tensor },
};

describe("the engine's own gradients", () => {
  it('are all here', () => {
    // Tested elsewhere: recurrent/refusals, sums, and below.
    const elsewhere = ['PotstillScan', 'Mean', 'Sum', 'Conv2D', 'DepthwiseConv2dNative'];
    const all = { ...missingGradients, ...replacedGradients, ...extendedGradients };
    expect([...Object.keys(own), ...elsewhere].sort()).toEqual(Object.keys(all).sort());
  });

  it('hold on the cpu backend', async () => {
    const cases = Object.entries(own).map(([name, at]): Case => ({ name, ...at }));
    expect(await findWrong(cases, 'tfjs')).toEqual([]);
  });

  it('hold for dilated convolutions on the cpu backend', async () => {
    const inputs = [normals([1, 7, 6, 2]), normals([3, 2, 2, 2], 2)];
    const cases: Case[] = [
      {
        name: 'plain',
        inputs,
        op: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, 'same', 'NHWC', [2, 1]),
      },
      {
        name: 'depthwise',
        inputs,
        op: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.depthwiseConv2d(x, w, 1, 'same', 'NHWC', [1, 2]),
      },
    ];
    expect(await findWrong(cases, 'tfjs')).toEqual([]);
  });
});

describe('gradients of which docs/kernels.md says that TF.js has them wrong', () => {
  const cases: Readonly<Record<string, Omit<Case, 'name'>>> = {
    AvgPoolGrad: {
      inputs: [normals([1, 5, 5, 1])],
      op: (x: tf.Tensor4D) => tf.avgPool(x, 3, 2, 'same'),
    },
    AvgPool3DGrad: {
      inputs: [normals([1, 3, 4, 5, 1])],
      op: (x: tf.Tensor5D) => tf.avgPool3d(x, 2, 2, 'same'),
    },
    ResizeBilinearGrad: {
      inputs: [normals([1, 4, 4, 2])],
      op: (x: tf.Tensor4D) => tf.image.resizeBilinear(x, [7, 7], false, true),
    },
    ResizeNearestNeighborGrad: {
      inputs: [normals([2, 4, 4, 2])],
      op: (x: tf.Tensor4D) => tf.image.resizeNearestNeighbor(x, [7, 7], false, true),
    },
  };

  it.each(Object.entries(cases))('%s: wrong there, right here', async (name, at) => {
    expect(departures[name]).toContain('the true gradient');
    expect((await findWrong([{ name, ...at }], 'tfjs')).length).toBeGreaterThan(0);
    await expectTrueGradients([{ name, ...at }]);
  });

  it('are all here', () => {
    const claimed = Object.entries(departures).filter(([, text]) => text.startsWith('the true gradient'));
    expect(claimed.map(([name]) => name)).toEqual(Object.keys(cases));
  });
});
