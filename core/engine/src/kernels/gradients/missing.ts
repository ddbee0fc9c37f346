// Gradients that TF.js lacks or has wrong, beside those of dilated convolutions. Written in TF.js operations, so they hold on every backend.
import type { Gradient } from './gradient.js';
import { broadcasting, severalOutputs, stepwise } from './operands.js';
import { gatherNd, scatterNd, tensorScatterUpdate, topK } from './positions.js';
import { conv3dTranspose, einsum } from './products.js';
import { cumprod, cumsum } from './scans.js';
import { depthToSpace, diag, flipLeftRight, tile } from './shapes.js';
import { mirrorPad, stridedSlice } from './slices.js';

/** Kernel -> gradient. A function, as some build on the gradients that TF.js has so far. */
export const missingGradients = (): Readonly<Record<string, Gradient>> => ({
  All: stepwise('x'),
  Any: stepwise('x'),
  BatchMatMul: broadcasting('BatchMatMul'),
  Conv3DBackpropInputV2: conv3dTranspose,
  Cumprod: cumprod,
  Cumsum: cumsum,
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
  Maximum: broadcasting('Maximum'),
  Minimum: broadcasting('Minimum'),
  MirrorPad: mirrorPad,
  NotEqual: stepwise('a', 'b'),
  ScatterNd: scatterNd,
  SplitV: severalOutputs('SplitV'),
  SquaredDifference: broadcasting('SquaredDifference'),
  StridedSlice: stridedSlice,
  TensorScatterUpdate: tensorScatterUpdate,
  Tile: tile,
  TopK: topK,
  Unpack: severalOutputs('Unpack'),
});
