// The passes over a graph, in the order in which they run.
import { mapBodies } from '../graph/bodies.js';
import type { Graph } from '../graph/graph.js';
import { fuseConvBias, maskFromRelu } from './activations.js';
import { shareCommon } from './common.js';
import { removeDeadCode } from './dead-code.js';
import { foldConstants } from './fold.js';
import { fuseGemmAdd } from './gemm.js';
import { cancelShuffles } from './shuffles.js';
import { sinkTransposes } from './transposes.js';

/** One graph to another that computes the same outputs, in the same order. */
export type Pass = (graph: Graph) => Graph;

export const passes = {
  'dead-code': removeDeadCode,
  'fold-constants': foldConstants,
  'sink-transposes': sinkTransposes,
  'cancel-shuffles': cancelShuffles,
  'share-common': shareCommon,
  'fuse-conv-bias': fuseConvBias,
  'mask-from-relu': maskFromRelu,
  'fuse-gemm-add': fuseGemmAdd,
} as const satisfies Record<string, Pass>;

export type PassName = keyof typeof passes;

/** A pass that is false here is left out. */
export type PassSwitches = Readonly<Partial<Record<PassName, boolean>>>;

/** Runs all passes that are not switched off, each on the graph and on the graphs within its nodes. */
export function improve(graph: Graph, switches: PassSwitches = {}): Graph {
  return (Object.entries(passes) as [PassName, Pass][]).reduce(
    (current, [name, pass]) => (switches[name] === false ? current : throughout(pass, current)),
    graph,
  );
}

function throughout(pass: Pass, graph: Graph): Graph {
  return mapBodies(pass(graph), (body) => throughout(pass, body));
}
