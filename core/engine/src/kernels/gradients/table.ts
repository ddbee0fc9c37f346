// The engine's own gradients, by kernel: those that TF.js lacks, and those that it has wrong, slow or incomplete.
import { EngineError } from '../../errors.js';
import { scanKernel } from '../scan.js';
import { dilatedConvolution, dilatedDepthwise } from './dilated.js';
import type { Gradient } from './gradient.js';
import { broadcasting, severalOutputs, stepwise } from './operands.js';
import { gatherNd, scatterNd, tensorScatterUpdate, topK } from './positions.js';
import { conv3dTranspose, einsum } from './products.js';
import { cumprod, cumsum } from './scans.js';
import { depthToSpace, diag, flipLeftRight, tile } from './shapes.js';
import { mirrorPad, stridedSlice } from './slices.js';
import { mean, sum } from './sums.js';

/** The gradient of a scan is a scan too, and has none. */
const noScanGradient: Gradient = {
  gradFunc: () => {
    throw new EngineError('ENGINE_NO_GRADIENT', 'the gradient of a scan cannot be differentiated', {
      hint: 'Only the `cpu` and `tensorflow` backends can differentiate a scan twice.',
    });
  },
};

/** TF.js has none. One that the user has registered is used instead. */
export const missingGradients: Readonly<Record<string, Gradient>> = {
  All: stepwise('x'),
  Any: stepwise('x'),
  Conv3DBackpropInputV2: conv3dTranspose,
  Cumprod: cumprod,
  DepthToSpace: depthToSpace,
  Diag: diag,
  Einsum: einsum,
  Equal: stepwise('a', 'b'),
  FlipLeftRight: flipLeftRight,
  GatherNd: gatherNd,
  Greater: stepwise('a', 'b'),
  Less: stepwise('a', 'b'),
  LessEqual: stepwise('a', 'b'),
  LogicalAnd: stepwise('a', 'b'),
  LogicalNot: stepwise('x'),
  LogicalOr: stepwise('a', 'b'),
  NotEqual: stepwise('a', 'b'),
  ScatterNd: scatterNd,
  StridedSlice: stridedSlice,
  TensorScatterUpdate: tensorScatterUpdate,
  TopK: topK,
  [scanKernel]: noScanGradient,
};

/** TF.js has them wrong (`Cumsum`, `MirrorPad`), refuses some operands (`Tile`) or writes large constants (`Sum`, `Mean`). */
export const replacedGradients: Readonly<Record<string, Gradient>> = {
  Cumsum: cumsum,
  Mean: mean,
  MirrorPad: mirrorPad,
  Sum: sum,
  Tile: tile,
};

/** TF.js has them for some operands only: made from what is registered. */
export const extendedGradients: Readonly<Record<string, (registered: Gradient) => Gradient>> = {
  BatchMatMul: broadcasting,
  Conv2D: dilatedConvolution,
  DepthwiseConv2dNative: dilatedDepthwise,
  Maximum: broadcasting,
  Minimum: broadcasting,
  SplitV: severalOutputs,
  SquaredDifference: broadcasting,
  Unpack: severalOutputs,
};
