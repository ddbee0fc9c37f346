// Kernels on tensors of no elements, of one, and of rank 0, where other files do not come to them.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelTable } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { expectAgreement, golden, kernel, normal } from './golden.js';

type Inputs = Record<string, tf.Tensor> | tf.Tensor[];
type Call = readonly [name: string, inputs: Inputs, attributes?: Record<string, unknown>];

const float = (...shape: number[]) => normal(shape);
const positive = (...shape: number[]) => tf.tidy(() => tf.add(tf.square(normal(shape)), 0.1));
const int = (shape: number[], fill = 0) => tf.fill(shape, fill, 'int32');
const bool = (...shape: number[]) => tf.cast(tf.ones(shape), 'bool');

const unary: Call[] = [[0, 3], [1], [], [2, 1]].flatMap((shape): Call[] => [
  ['ClipByValue', { x: float(...shape) }, { clipValueMin: -0.5, clipValueMax: 0.5 }],
  ['LeakyRelu', { x: float(...shape) }, { alpha: 0.3 }],
  ['Step', { x: float(...shape) }, { alpha: 0.3 }],
  ['LogicalNot', { x: bool(...shape) }],
  ['EluGrad', { dy: float(...shape), y: float(...shape) }],
  ['AddN', [float(...shape), float(...shape)]],
  ['Select', { condition: bool(...shape), t: float(...shape), e: float(...shape) }],
  ['OneHot', { indices: int(shape, 1) }, { depth: 3, onValue: 1, offValue: 0, dtype: 'float32' }],
  ['Diag', { x: float(...shape) }],
  ['Pack', [float(...shape), float(...shape)], { axis: 0 }],
  ['Fill', {}, { shape, value: 2.5, dtype: 'float32' }],
  ['Cast', { x: float(...shape) }, { dtype: 'int32' }],
]);

const binary: Call[] = [
  [[0, 3], [1]],
  [[1], [2, 1]],
  [[], [3]],
  [[1, 1], []],
].flatMap(([a = [], b = []]): Call[] => [
  ['BitwiseAnd', { a: int(a, 6), b: int(b, 3) }],
  ['LogicalAnd', { a: bool(...a), b: bool(...b) }],
  ['LogicalOr', { a: bool(...a), b: bool(...b) }],
  ['Pow', { a: positive(...a), b: float(...b) }],
  ['Prelu', { x: float(...a), alpha: float(...a.map(() => 1)) }],
]);

const rows: readonly (readonly [shape: number[], axis: number])[] = [
  [[0, 3], 0],
  [[0, 3], 1],
  [[1, 3], 0],
  [[3, 1], 1],
  [[1], 0],
];
const reductions = rows.flatMap(([shape, axis]): Call[] => {
  const [x, b, scan] = [float(...shape), bool(...shape), { axis, exclusive: true, reverse: true }];
  return [
    // Over no elements TF.js says false: see departures.
    ...(b.shape[axis] === 0 ? [] : ([['All', { x: b }, { axis: [axis], keepDims: false }]] as const)),
    ['Any', { x: b }, { axis: [axis], keepDims: true }],
    ['Max', { x }, { reductionIndices: [axis], keepDims: false }],
    ['Min', { x }, { axis: [axis], keepDims: true }],
    ['ArgMax', { x }, { axis }],
    ['ArgMin', { x }, { axis }],
    ['Cumsum', { x }, scan],
    ['Cumprod', { x }, scan],
  ];
});

const joins: Call[] = [
  ['SplitV', { x: float(0, 4) }, { numOrSizeSplits: [1, 3], axis: 1 }],
  ['SplitV', { x: float(4, 1) }, { numOrSizeSplits: [0, 4], axis: 0 }],
  ['Unpack', { value: float(0, 3) }, { axis: 1 }],
  ['Unpack', { value: float(1, 3) }, { axis: 0 }],
  ['Unpack', { value: float(2) }, { axis: 0 }],
  ['Slice', { x: float(3, 1) }, { begin: [1, 0], size: [0, 1] }],
  [
    'StridedSlice',
    { x: float(3, 1) },
    {
      begin: [2, 0],
      end: [2, 1],
      strides: [1, 1],
      beginMask: 0,
      endMask: 0,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
    },
  ],
  ['FlipLeftRight', { image: float(0, 3, 4, 2) }],
  ['FlipLeftRight', { image: float(1, 1, 1, 1) }],
  ['SpaceToBatchND', { x: float(0, 4, 1) }, { blockShape: [2], paddings: [[0, 0]] }],
  ['SpaceToBatchND', { x: float(1, 1, 1) }, { blockShape: [1], paddings: [[0, 0]] }],
  ['BatchToSpaceND', { x: float(0, 4, 1) }, { blockShape: [2], crops: [[0, 0]] }],
  ['BatchToSpaceND', { x: float(2, 1, 1) }, { blockShape: [2], crops: [[0, 0]] }],
  ['DepthToSpace', { x: float(0, 2, 2, 4) }, { blockSize: 2, dataFormat: 'NHWC' }],
  ['DepthToSpace', { x: float(1, 1, 1, 4) }, { blockSize: 2, dataFormat: 'NHWC' }],
  [
    'MirrorPad',
    { x: float(0, 1) },
    {
      paddings: [
        [0, 0],
        [1, 1],
      ],
      mode: 'symmetric',
    },
  ],
  ['MirrorPad', { x: float(1) }, { paddings: [[1, 1]], mode: 'symmetric' }],
  ['Range', {}, { start: 2, stop: 2, step: 1, dtype: 'float32' }],
  ['Range', {}, { start: 2, stop: 3, step: 1, dtype: 'float32' }],
  ['LinSpace', {}, { start: 2, stop: 3, num: 1 }],
];

const positions: Call[] = [
  ['GatherV2', { x: float(4, 2), indices: int([0]) }, { axis: 0, batchDims: 0 }],
  ['GatherV2', { x: float(1, 2), indices: int([1]) }, { axis: 0, batchDims: 0 }],
  ['GatherNd', { params: float(4, 2), indices: int([0, 1]) }],
  ['GatherNd', { params: float(1), indices: int([1, 1]) }],
  ['SearchSorted', { sortedSequence: float(0, 3), values: float(0, 2) }, { side: 'left' }],
  ['SearchSorted', { sortedSequence: float(1, 1), values: float(1, 1) }, { side: 'left' }],
  ['TopK', { x: float(0, 3) }, { k: 2, sorted: true }],
  ['TopK', { x: float(3, 1) }, { k: 1, sorted: true }],
  ['ScatterNd', { indices: int([0, 1]), updates: float(0, 2) }, { shape: [3, 2] }],
  ['ScatterNd', { indices: int([1, 1]), updates: float(1) }, { shape: [1] }],
  ['TensorScatterUpdate', { tensor: float(3, 2), indices: int([0, 1]), updates: float(0, 2) }],
  [
    'SparseToDense',
    { sparseIndices: int([0, 1]), sparseValues: float(0), defaultValue: tf.scalar(2) },
    { outputShape: [3] },
  ],
  [
    'SparseToDense',
    { sparseIndices: int([1, 1]), sparseValues: float(1), defaultValue: tf.scalar(2) },
    { outputShape: [1] },
  ],
  ['Bincount', { x: int([1]), weights: float(0) }, { size: 1 }],
  ['DenseBincount', { x: int([1, 1]), weights: float(0) }, { size: 1, binaryOutput: false }],
  ['UnsortedSegmentSum', { x: float(1, 1), segmentIds: int([1]) }, { numSegments: 1 }],
];

const products: Call[] = [
  [
    '_FusedMatMul',
    { a: float(0, 4), b: float(4, 5) },
    { transposeA: false, transposeB: false, activation: 'relu' },
  ],
  [
    '_FusedMatMul',
    { a: float(3, 1), b: float(1, 1) },
    { transposeA: false, transposeB: false, activation: 'relu' },
  ],
  ['Einsum', [float(0, 3), float(3, 2)], { equation: 'ij,jk->ik' }],
  ['Einsum', [float(1, 1), float(1, 2)], { equation: 'ij,jk->ik' }],
  [
    'FusedBatchNorm',
    { x: float(0, 4), mean: float(4), variance: positive(4), scale: float(4), offset: float(4) },
    { varianceEpsilon: 0.01 },
  ],
  [
    'FusedBatchNorm',
    { x: float(1, 1), mean: float(1), variance: positive(1), scale: float(1), offset: float(1) },
    { varianceEpsilon: 0.01 },
  ],
  ['Softmax', { logits: float(3, 1) }, { dim: 1 }],
];

describe.each(Object.entries({ unary, binary, reductions, joins, positions, products }))(
  'kernels on tensors of no elements and of one: %s',
  (_, calls) => {
    it.each([...new Set(calls.map(([name]) => name))])('%s agrees with TF.js', async (name) => {
      for (const [called, inputs, attributes] of calls)
        if (called === name) await kernel(name, inputs, attributes);
    });
  },
);

describe('images and volumes of no elements and of one', () => {
  it.each([0, 1])('convolutions of a batch of %i agree', async (batch) => {
    const size = batch === 0 ? 4 : 1;
    const image = () => float(batch, size, size, 1);
    const volume = () => float(batch, size, size, size, 1);
    await golden(() => [
      ...tf.grads((x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'))([
        image(),
        float(1, 1, 1, 2),
      ]),
      ...tf.grads((x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same'))([
        volume(),
        float(1, 1, 1, 1, 2),
      ]),
      tf.fused.conv2d({
        x: image() as tf.Tensor4D,
        filter: float(1, 1, 1, 2) as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        activation: 'relu',
      }),
      tf.fused.depthwiseConv2d({
        x: image() as tf.Tensor4D,
        filter: float(1, 1, 1, 2) as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        activation: 'relu',
      }),
    ]);
  });

  it.each([0, 1])('pools of a batch of %i agree', async (batch) => {
    const size = batch === 0 ? 4 : 1;
    const image = float(batch, size, size, 1);
    const volume = float(batch, size, size, size, 1);
    await golden(() => [
      tf.grad((x) => tf.avgPool(x as tf.Tensor4D, 1, 1, 'valid').square())(image),
      tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 1, 1, 'valid').square())(image),
      tf.grad((x) => tf.avgPool3d(x as tf.Tensor5D, 1, 1, 'valid').square())(volume),
      tf.grad((x) => tf.maxPool3d(x as tf.Tensor5D, 1, 1, 'valid').square())(volume),
    ]);
    await kernel(
      'MaxPoolWithArgmax',
      { x: image },
      { filterSize: 1, strides: 1, pad: 'same', includeBatchInIndex: true },
    );
  });

  it.each([0, 1])('resizing and normalisation of a batch of %i agree', async (batch) => {
    const image = float(batch, 1, 1, 1) as tf.Tensor4D;
    await golden(() => [
      tf.grad((x) => tf.image.resizeBilinear(x as tf.Tensor4D, [2, 2]).square())(image),
      tf.grad((x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2, 2]).square())(image),
      tf.grad((x) => tf.localResponseNormalization(x as tf.Tensor4D, 2).square())(image),
    ]);
  });
});

describe('kernels that no operation of the cpu backend calls', () => {
  it.each([[[0, 3]], [[1]], [[2, 3]]])('LogSoftmax agrees with tf.logSoftmax (%j)', async (shape) => {
    const logits = normal(shape);
    const expected = tf.logSoftmax(logits);
    await expectAgreement({
      kernel: 'LogSoftmax',
      inputs: { logits: { shape, dtype: 'float32', data: logits.dataSync() } },
      attributes: { axis: -1 },
      outputs: [{ shape, dtype: 'float32', data: expected.dataSync() }],
    });
  });

  it('LogicalXor agrees with tf.logicalXor', async () => {
    for (const shape of [[4], [0], [1], []]) {
      const size = shape.reduce((product, n) => product * n, 1);
      const of = (values: number[]) => values.slice(0, size);
      const [a, b] = [of([0, 0, 1, 1]), of([0, 1, 0, 1])];
      const [x, y] = [tf.tensor(a, shape, 'bool'), tf.tensor(b, shape, 'bool')];
      await expectAgreement({
        kernel: 'LogicalXor',
        inputs: { a: { shape, dtype: 'bool', data: a }, b: { shape, dtype: 'bool', data: b } },
        attributes: {},
        outputs: [{ shape, dtype: 'bool', data: tf.logicalXor(x, y).dataSync() }],
      });
    }
  });

  it('LogicalXor agrees over broadcast shapes', async () => {
    const [a, b] = [[0, 1], [0]];
    const expected = tf.logicalXor(tf.tensor1d(a, 'bool'), tf.tensor(b, [], 'bool'));
    await expectAgreement({
      kernel: 'LogicalXor',
      inputs: { a: { shape: [2], dtype: 'bool', data: a }, b: { shape: [], dtype: 'bool', data: b } },
      attributes: {},
      outputs: [{ shape: [2], dtype: 'bool', data: expected.dataSync() }],
    });
  });

  it.each([
    [
      [0, 1],
      [0, 3],
    ],
    [[], [2]],
    [[1], [2, 1]],
  ])('BroadcastTo agrees with tf.broadcastTo (%j to %j)', async (from, to) => {
    const x = normal(from);
    await expectAgreement({
      kernel: 'BroadcastTo',
      inputs: { x: { shape: from, dtype: 'float32', data: x.dataSync() } },
      attributes: { shape: to },
      outputs: [{ shape: to, dtype: 'float32', data: tf.broadcastTo(x, to).dataSync() }],
    });
  });

  it('has rules for them', () => {
    expect(['LogSoftmax', 'LogicalXor', 'BroadcastTo'].filter((name) => !kernelTable[name])).toEqual([]);
  });
});

holdVisits(import.meta.url);
