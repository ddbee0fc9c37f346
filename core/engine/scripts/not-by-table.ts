// Kernels that the tables of tests do not reach in one way or another, and why. Tests hold these lists as short as they can be.

const gradient = 'is a gradient itself';
const fused = 'TF.js composes the gradient of the fused operation';
const integers = 'whole numbers come out';
const made = 'has no operand';

/** Kernel -> why no gradient of its own is held against finite differences. */
export const withoutGradient: Readonly<Record<string, string>> = {
  AvgPool3DGrad: gradient,
  AvgPoolGrad: gradient,
  Bincount: 'TF.js has none',
  BitwiseAnd: integers,
  BroadcastTo: 'tf.broadcastTo runs Tile',
  Conv2DBackpropFilter: gradient,
  Conv3DBackpropFilterV2: gradient,
  DenseBincount: 'TF.js has none',
  DepthwiseConv2dNativeBackpropFilter: gradient,
  DepthwiseConv2dNativeBackpropInput: gradient,
  EluGrad: gradient,
  Fill: made,
  FusedConv2D: fused,
  FusedDepthwiseConv2D: fused,
  LRNGrad: gradient,
  LinSpace: made,
  LogSoftmax: 'tf.logSoftmax is made of other kernels',
  LogicalXor: 'tf.logicalXor is made of other kernels',
  MaxPool3DGrad: gradient,
  MaxPoolGrad: gradient,
  MaxPoolWithArgmax: 'TF.js has none; tf.maxPool has one',
  Range: made,
  ResizeBilinearGrad: gradient,
  ResizeNearestNeighborGrad: gradient,
  SearchSorted: integers,
  SparseToDense: 'TF.js has none; tf.scatterND has one',
  _FusedMatMul: fused,
};

/** Kernels that the engine itself adds to TF.js: there is nothing to compare with kernel by kernel, so the tests of the functions that run them hold them. */
export const isOwn = (kernel: string): boolean => kernel.startsWith('Potstill');
