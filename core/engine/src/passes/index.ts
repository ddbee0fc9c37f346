// The passes over a graph, in the order in which they run. What each gains on the members of the bench: docs/passes.md
import { mapBodies } from '../graph/bodies.js';
import type { Graph } from '../graph/graph.js';
import { portable, type Target } from '../graph/target.js';
import { fuseConvBias, maskFromRelu } from './activations.js';
import { collectAffine } from './affine/collect.js';
import { fuseBlockedBias } from './blocked/bias.js';
import { blockConvolutions } from './blocked/convolutions.js';
import { keepBlocked } from './blocked/keep.js';
import { writeBlocked } from './blocked/write.js';
import { shareCommon } from './common.js';
import { removeDeadCode } from './dead-code.js';
import { sinkExpansions } from './expansions.js';
import { foldConstants } from './fold.js';
import { fuseGemmAdd } from './gemm.js';
import { numericMasks } from './masks.js';
import { pointwiseProducts } from './pointwise.js';
import { scatterRows } from './scatter-rows.js';
import { cancelShuffles } from './shuffles.js';
import { joinLogSoftmax } from './softmax.js';
import { sinkTransposes } from './transposes.js';

/** One graph to another that computes the same outputs, in the same order. */
export type Pass = (graph: Graph, target: Target) => Graph;

export const passes = {
  'dead-code': removeDeadCode,
  'fold-constants': foldConstants,
  'sink-expansions': sinkExpansions,
  'block-convolutions': (graph, { block }) => blockConvolutions(graph, block),
  'pointwise-products': pointwiseProducts,
  'sink-transposes': sinkTransposes,
  'cancel-shuffles': cancelShuffles,
  'join-log-softmax': joinLogSoftmax,
  'numeric-masks': numericMasks,
  'keep-blocked': (graph, { block }) => keepBlocked(graph, block),
  'share-common': shareCommon,
  'mask-from-relu': maskFromRelu,
  'fuse-blocked-bias': fuseBlockedBias,
  'collect-affine': (graph, { block }) => collectAffine(graph, block),
  'scatter-rows': (graph, { threads }) => scatterRows(graph, threads),
  'write-blocked': (graph, { block }) => writeBlocked(graph, block),
  'fuse-conv-bias': fuseConvBias,
  'fuse-gemm-add': fuseGemmAdd,
} as const satisfies Record<string, Pass>;

export type PassName = keyof typeof passes;

/** A pass that is false here is left out. */
export type PassSwitches = Readonly<Partial<Record<PassName, boolean>>>;

/** The order in which passes run; some clean up after others, and run more than once. */
const order: readonly PassName[] = [
  'dead-code',
  'fold-constants',
  'sink-expansions',
  'block-convolutions',
  'pointwise-products',
  'sink-transposes',
  'cancel-shuffles',
  'share-common',
  'join-log-softmax',
  'numeric-masks',
  'keep-blocked',
  'cancel-shuffles',
  'share-common',
  'mask-from-relu',
  'fuse-blocked-bias',
  'collect-affine',
  'scatter-rows',
  'write-blocked',
  'fuse-conv-bias',
  'fuse-gemm-add',
  'cancel-shuffles',
  'share-common',
  'dead-code',
];

/** Runs all passes that are not switched off, each on the graph and on the graphs within its nodes. */
export function improve(graph: Graph, switches: PassSwitches = {}, target: Target = portable): Graph {
  // ONNX Runtime does not know what is not written as its own.
  const at = switches['write-blocked'] === false ? { ...target, block: 0 } : target;
  return order.reduce(
    (current, name) => (switches[name] === false ? current : throughout(passes[name], current, at)),
    graph,
  );
}

/** Graphs within nodes keep plain layouts: they are run often, on little. */
function throughout(pass: Pass, graph: Graph, target: Target): Graph {
  return mapBodies(pass(graph, target), (body) => throughout(pass, body, portable));
}
