// What memory() says against what a process takes, in processes of their own.
import { describe, expect, it } from 'vitest';
import { runScript } from '../helpers/script.js';

/** Bytes by which three steps make a process grow, beside the batch, and what `memory` said of them before. */
function grown(model: string): { readonly said: number; readonly took: number } {
  const { stdout, stderr } = runScript(`
    import { createEngine } from '@potstill/engine';
    import { cnn, cnnBatch } from './test/helpers/cnn.js';
    import { mlp, mlpBatch } from './test/helpers/mlp.js';
    const [net, batch] = ${model};
    const engine = await createEngine({ threads: 1 });
    const session = await engine.training(net.definition);
    const before = await session.memory();
    const { total, inputs } = await session.memory(batch);
    // What compiling leaves in V8's heap is there before the measurement.
    await session.train(Object.fromEntries(Object.entries(batch).map(([name, { dtype, shape, data }]) => {
      const size = data.length / shape[0];
      return [name, { dtype, shape: [1, ...shape.slice(1)], data: data.slice(0, size) }];
    })), { rate: 0 });
    const start = process.memoryUsage.rss();
    let most = start;
    for (let i = 0; i < 3; i++) {
      await session.train(batch, { rate: 0.01 });
      most = Math.max(most, process.memoryUsage.rss());
    }
    console.log(JSON.stringify({ said: total - inputs - before.total, took: most - start }));
  `);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ReturnType<typeof grown>;
}

describe('TrainingSession.memory', () => {
  it.each([
    ['an MLP', `[mlp([64, 512, 512, 10]), mlpBatch(20_000, [64, 512, 512, 10])]`],
    ['a CNN', '[cnn(), cnnBatch(16_384)]'],
  ])('is within a factor of two of what a step of %s takes', (_, model) => {
    const { said, took } = grown(model);
    expect(said).toBeGreaterThan(100 * 2 ** 20);
    expect(took / said).toBeGreaterThan(0.5);
    expect(took / said).toBeLessThan(2);
  });
});
