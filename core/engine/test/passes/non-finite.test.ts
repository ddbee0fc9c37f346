// NaN and infinity: a step that is not finite without passes is not finite with them, and the other way round.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import type { Target } from '../../src/graph/target.js';
import { improve } from '../../src/passes/index.js';
import { build, type Built, byGraph, byTfjs, lowered, networks, type Numbers } from '../helpers/networks.js';
import { machineBlock } from '../helpers/passes.js';
import { unblocked } from '../helpers/unblocked.js';

await tf.setBackend('cpu');

const targets: Target[] = [
  { block: 0, threads: 2, free: false },
  { block: 8, threads: 1, free: false },
  { block: 16, threads: 1, free: false },
];

const poison = fc.record({
  network: networks,
  input: fc.nat(),
  element: fc.nat(),
  value: fc.constantFrom(NaN, Infinity, -Infinity),
});

/** The network with one of its numbers replaced. */
function poisoned(built: Built, input: number, element: number, value: number): Built {
  const names = Object.keys(built.numbers);
  const name = names[input % names.length] ?? '';
  const data = Float32Array.from(built.numbers[name] ?? []);
  data[element % data.length] = value;
  return { ...built, numbers: { ...built.numbers, [name]: data } };
}

const finite = (data: ArrayLike<number>): boolean => Array.from(data).every(Number.isFinite);

async function versions(raw: Graph, built: Built): Promise<{ label: string; results: Numbers }[]> {
  const list: { label: string; results: Numbers }[] = [];
  for (const target of targets) {
    const { block, threads } = target;
    const graph = improve(raw, {}, target);
    list.push({ label: `block ${block}`, results: await byGraph(unblocked(graph, block), built) });
    if (block > 0 && block === machineBlock)
      list.push({ label: 'on this machine', results: await byGraph(graph, built, threads) });
  }
  return list;
}

describe('all passes', () => {
  it('keep a loss finite or not, and gradients where it is', async () => {
    let caught = 0;
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(poison, async ({ network, input, element, value }) => {
        const built = poisoned(build(network), input, element, value);
        const raw = lowered(built);
        const [loss = [], ...gradients] = await byGraph(raw, built);
        // Only ONNX Runtime's plain Conv multiplies padding with a filter's NaN; TF.js and the blocked one pass over it.
        const [reference = []] = byTfjs(built);
        for (const { label, results } of await versions(raw, built)) {
          const [own = [], ...others] = results;
          expect([finite(loss), finite(reference)], `${label}: the loss is ${own[0]}`).toContain(finite(own));
          if (finite(own) && gradients.every(finite))
            expect(others.every(finite), `${label}: gradients of a finite loss`).toBe(true);
        }
        if (finite(loss)) passed++;
        else caught++;
      }),
      { numRuns: 80, seed: 51 },
    );
    // Both must have come up for this to say anything.
    expect(Math.min(caught, passed)).toBeGreaterThan(0);
  });
});
