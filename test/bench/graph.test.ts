// The synthetic citation graph that GCN and GAT learn on.
import { randomStream } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import { citationGraph, cora } from '../../bench/members/graph.js';

const numbers = (inputs: ReturnType<typeof citationGraph>, name: string): number[] =>
  Array.from(inputs[name]?.data ?? []);

describe('citationGraph', () => {
  const inputs = citationGraph(cora, randomStream(1));
  const [source, target] = [numbers(inputs, 'source'), numbers(inputs, 'target')];
  const degree = new Array<number>(cora.nodes).fill(0);
  for (const node of target) degree[node] = (degree[node] ?? 0) + 1;

  it('has the edges of Cora in both directions, and every self loop once', () => {
    expect(source).toHaveLength(10_556 + 2708);
    const pairs = new Set(source.map((from, i) => `${from} ${target[i]}`));
    expect(pairs.size).toBe(source.length);
    expect(source.every((from, i) => pairs.has(`${target[i]} ${from}`))).toBe(true);
    expect(source.filter((from, i) => from === target[i])).toHaveLength(2708);
  });

  const degreeOf = (node = -1): number => degree[node] ?? 0;

  it('lists edges by target', () => {
    expect(target.every((node, i) => i === 0 || node >= (target[i - 1] as number))).toBe(true);
  });

  it('has a few nodes that many cite', () => {
    const sorted = degree.toSorted((a, b) => b - a);
    // Cora: at most 169 with the self loop, half of the nodes at most 4.
    expect(sorted[0]).toBeGreaterThan(50);
    expect(sorted[Math.floor(cora.nodes / 2)]).toBeLessThanOrEqual(4);
  });

  it('weighs edges by the degrees of both ends', () => {
    numbers(inputs, 'weight').forEach((weight, i) => {
      expect(weight).toBeCloseTo(1 / Math.sqrt(degreeOf(source[i]) * degreeOf(target[i])), 6);
    });
  });

  it('has rows of words that sum to 1, and as many labelled nodes of each class', () => {
    const x = numbers(inputs, 'x');
    for (const node of [0, 1000, 2707]) {
      const row = x.slice(node * cora.words, (node + 1) * cora.words);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
    const label = numbers(inputs, 'label');
    const known = numbers(inputs, 'known').flatMap((is, i) => (is === 1 ? [label[i]] : []));
    expect(known).toHaveLength(140);
    for (let c = 0; c < cora.classes; c++) expect(known.filter((l) => l === c)).toHaveLength(20);
  });

  it('refuses more edges than there are pairs', () => {
    expect(() => citationGraph({ ...cora, nodes: 3, edges: 20 }, randomStream(1))).toThrow(
      '20 edges are too many for 3 nodes',
    );
  });
});
