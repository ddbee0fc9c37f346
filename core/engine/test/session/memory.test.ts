// Memory of a long training: what ten thousand steps leave behind.
import { describe, expect, it } from 'vitest';
import { createEngine } from '@potstill/engine';
import { mlp, mlpBatch } from '../helpers/mlp.js';

describe('a training session', () => {
  it('does not grow over 10,000 steps', async () => {
    const widths = [784, 64, 10];
    const net = mlp(widths);
    const engine = await createEngine({ threads: 1 });
    const session = await engine.training(net.definition);
    const batches = [0, 1, 2, 3].map((index) => mlpBatch(32, widths, index));
    const train = async (steps: number) => {
      for (let i = 0; i < steps; i++) await session.train(batches[i % 4] ?? {}, { rate: 1e-4 });
      return process.memoryUsage().rss;
    };
    // The heap finds its size in the first of them.
    const before = await train(2000);
    const after = await train(10_000);
    // One step's parameters, slots and batch are half a megabyte: a leak of one part in a hundred would be 50 MB.
    expect((after - before) / 2 ** 20).toBeLessThan(30);
    expect(session.step).toBe(12_000);
    await engine.dispose();
    net.dispose();
  });
});
