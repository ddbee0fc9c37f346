// Whole small networks: loss and all gradients are the same by TF.js, by the graph as lowered, and with passes for any block.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createEngine,
  type HostTensors,
  randomStream,
  sgd,
  type TrainingDefinition,
  type TrainingState,
} from '@potstill/engine';
import type { Graph } from '../../src/graph/graph.js';
import { ops } from '../../src/graph/blocked.js';
import type { Target } from '../../src/graph/target.js';
import { improve, type PassName, passes, type PassSwitches } from '../../src/passes/index.js';
import { allClose } from '../helpers/close.js';
import { opsOf } from '../helpers/graph.js';
import {
  build,
  type Built,
  byGraph,
  byTfjs,
  differences,
  dilated,
  lowered,
  marginOf,
  type Network,
  networks,
  type Numbers,
} from '../helpers/networks.js';
import { machineBlock } from '../helpers/passes.js';
import { unblocked } from '../helpers/unblocked.js';

await tf.setBackend('cpu');

const targets: Target[] = [
  { block: 0, threads: 2, free: false },
  { block: 8, threads: 1, free: false },
  { block: 16, threads: 1, free: false },
];

/** Nearer to a kink than this, rounding decides on which side a number lies. */
const tooNear = 1e-5;

/** Fails unless the graph with passes gives the numbers: blocks written out, and by ONNX Runtime where it has such. */
async function expectKept(
  raw: Graph,
  built: Built,
  expected: Numbers,
  target: Target,
  switches: PassSwitches = {},
): Promise<Graph> {
  const graph = improve(raw, switches, target);
  const { block, threads } = target;
  const label = `block ${block} without ${Object.keys(switches).join()}`;
  expect(differences(await byGraph(unblocked(graph, block), built), expected), label).toEqual([]);
  if (block > 0 && block === machineBlock)
    expect(differences(await byGraph(graph, built, threads), expected), `${label}, as it is`).toEqual([]);
  return graph;
}

const three: [number, number] = [3, 3];
const one: [number, number] = [1, 1];
const twoByTwo: [number, number] = [2, 2];
const conv = (outs: number, strides = one, kernel = three) =>
  ({ kind: 'conv', outs, kernel, strides, pad: 'same', bias: false }) as const;
const depthwise = (strides = one) => ({ ...conv(0, strides), kind: 'depthwise' }) as const;
const norm = (activation: 'relu' | 'relu6' | 'linear') => ({ kind: 'norm', activation }) as const;
const maxPool = { kind: 'max', size: twoByTwo, strides: twoByTwo, pad: 'valid' } as const;

/** What the passes are for: networks as they are built. */
const known: Readonly<Record<string, Network>> = {
  'a residual network': {
    batch: 3,
    size: [10, 12],
    channels: 3,
    layers: [
      conv(16),
      norm('relu'),
      { kind: 'residual', kernel: three },
      norm('relu'),
      conv(32, twoByTwo),
      norm('linear'),
    ],
  },
  'a mobile network': {
    batch: 2,
    size: [12, 12],
    channels: 3,
    layers: [
      conv(16, twoByTwo),
      norm('relu6'),
      depthwise(),
      norm('relu6'),
      conv(24, one, one),
      norm('linear'),
      depthwise(twoByTwo),
    ],
  },
  'a network with pools': {
    batch: 2,
    size: [12, 8],
    channels: 4,
    layers: [
      { ...conv(32), bias: true },
      maxPool,
      norm('relu'),
      conv(20),
      { kind: 'average', size: twoByTwo, strides: twoByTwo, pad: 'valid' },
      conv(16),
      norm('relu'),
      { kind: 'max', size: three, strides: one, pad: 'same' },
    ],
  },
};

describe('all passes', () => {
  it('keep the loss and the gradients of networks', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(networks, async (network) => {
        const built = build(network);
        fc.pre(marginOf(built) > tooNear);
        const expected = byTfjs(built);
        const raw = lowered(built);
        expect(differences(await byGraph(raw, built), expected), 'as lowered').toEqual([]);
        for (const target of targets)
          for (const op of opsOf(await expectKept(raw, built, expected, target))) seen.add(op);
      }),
      { numRuns: 60, seed: 41 },
    );
    expect([...seen]).toEqual(
      expect.arrayContaining([ops.conv, ops.maxPool, ops.averagePool, ops.reorderInput, ops.reorderOutput]),
    );
  });

  it('keep the gradients of dilated convolutions', async () => {
    await fc.assert(
      fc.asyncProperty(dilated, async (network) => {
        const built = build(network);
        const raw = lowered(built);
        const expected = await byGraph(raw, built);
        for (const target of targets) await expectKept(raw, built, expected, target);
      }),
      { numRuns: 25, seed: 42 },
    );
  });

  describe.each(Object.keys(known))('of %s', (name) => {
    const built = build(known[name] as Network);
    const raw = lowered(built);
    const expected = byTfjs(built);

    it('keep the numbers, over blocks', async () => {
      for (const target of targets.slice(1)) {
        const graph = await expectKept(raw, built, expected, target);
        expect(opsOf(graph)).toContain(ops.conv);
      }
    });

    it.each(Object.keys(passes) as PassName[])('keep the numbers without %s', async (pass) => {
      for (const target of targets) await expectKept(raw, built, expected, target, { [pass]: false });
    });
  });
});

describe('createEngine', () => {
  const without = Object.fromEntries(Object.keys(passes).map((pass) => [pass, false]));
  const engines = {
    'with passes': createEngine({ threads: 1 }),
    'with two threads': createEngine({ threads: 2 }),
    'without passes': createEngine({ threads: 1, passes: without }),
    'by TF.js': createEngine({ backend: 'cpu' }),
  };
  afterAll(async () => {
    for (const engine of Object.values(engines)) await (await engine).dispose();
  });

  it.each(Object.keys(known))('trains %s the same with all passes and with none', async (name) => {
    const { inputs, numbers, loss } = build(known[name] as Network);
    const { x, ...weights } = inputs;
    const variables = Object.entries(weights).map(([key, { shape }]) => ({
      name: key,
      variable: tf.variable(tf.tensor(numbers[key] ?? [], [...shape], 'float32')),
    }));
    const definition: TrainingDefinition = {
      variables,
      optimizer: sgd({ momentum: 0.9 }),
      random: randomStream(1),
      loss: (given) => ({
        loss: loss({ ...given, ...Object.fromEntries(variables.map((own) => [own.name, own.variable])) }),
      }),
    };
    const batch: HostTensors = {
      x: { dtype: 'float32', shape: x?.shape ?? [], data: numbers.x ?? new Float32Array() },
    };
    const states: TrainingState[] = [];
    const losses: number[][] = [];
    for (const engine of Object.values(engines)) {
      const session = await (await engine).training(definition);
      const list: number[] = [];
      for (let i = 0; i < 3; i++) list.push((await session.train(batch, { rate: 0.003 })).loss);
      losses.push(list);
      states.push(await session.snapshot());
      await session.dispose();
    }
    const reference = states.at(-1) as TrainingState;
    losses.forEach((list) => allClose(list, losses.at(-1) ?? [], { absolute: 1e-4, relative: 1e-3 }));
    for (const state of states)
      for (const [key, { data }] of Object.entries(reference.slots)) {
        const most = Math.max(...Array.from(data, Math.abs));
        allClose(state.slots[key]?.data ?? [], data, { absolute: 1e-4 + 0.01 * most, relative: 0.01 });
      }
    for (const { variable } of variables) variable.dispose();
  });
});
