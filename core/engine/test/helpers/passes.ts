// What tests of passes share: the same numbers before and after, and the machine's blocks.
import { expect } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Graph, Node, Value } from '../../src/graph/graph.js';
import type { Target } from '../../src/graph/target.js';
import { passes, type PassName } from '../../src/passes/index.js';
import { channelBlock } from '../../src/session/channel-block.js';
import { allClose } from './close.js';
import { graphOf, opsOf, runGraph } from './graph.js';
import { unblocked } from './unblocked.js';

/** Channels in a block of ONNX Runtime's own convolutions here; 0 where it has none. */
export const machineBlock = await channelBlock();

/** Said where ONNX Runtime's own operators are left out. */
export const noBlocks = `ONNX Runtime has no blocked convolutions on this machine (block ${machineBlock})`;

export type Build = (g: GraphBuilder) => readonly Value[];

export interface Left {
  readonly graph: Graph;
  /** Operators that are left, in order. */
  readonly ops: readonly string[];
}

/** Passes one after another. */
export const chain = (graph: Graph, names: readonly PassName[], target: Target): Graph =>
  names.reduce((current, name) => passes[name](current, target), graph);

/** Fails unless two graphs with the same inputs give the same numbers and shapes. */
export async function expectSame(
  got: Graph,
  expected: Graph,
  { threads = 1, absolute = 1e-5, relative = 1e-4 } = {},
): Promise<void> {
  const [after, before] = [await runGraph(got, threads), await runGraph(expected, threads)];
  expect(after.map(({ shape }) => shape)).toEqual(before.map(({ shape }) => shape));
  after.forEach(({ data }, i) => allClose(data, before[i]?.data ?? [], { absolute, relative }));
}

/**
 * Runs passes over a graph and checks that the numbers stay: with blocks written out as ONNX's own operators, and, where
 * the graph can run so and the machine has such blocks, with ONNX Runtime's.
 */
export async function after(
  names: PassName | readonly PassName[],
  build: Build,
  target: Target = { block: 0, threads: 2, free: false },
): Promise<Left> {
  const before = graphOf(build);
  const graph = chain(before, [names].flat(), target);
  const { threads } = target;
  await expectSame(unblocked(graph, target.block), before, { threads });
  const ours = graph.nodes.some(({ op }) => op.startsWith('blocked:'));
  if (target.block > 0 && target.block === machineBlock && !ours)
    await expectSame(graph, before, { threads });
  return { graph, ops: opsOf(graph) };
}

/** The nodes of an operator. */
export const nodesOf = ({ nodes }: Graph, op: string): readonly Node[] =>
  nodes.filter((node) => node.op === op);
