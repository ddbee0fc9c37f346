// What preflight asks of a teacher's answers: each example by itself.
import { describe, expect, it } from 'vitest';
import { randomStream, type HostTensor } from '@potstill/engine';
import type { Batch, Teacher } from 'potstill';
import { checkSteady } from '../../src/preflight/steady.js';

const float = (shape: readonly number[], data: Iterable<number>): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

describe('checkSteady', () => {
  const size = 64;
  const x = float([size, 2], randomStream(6).normal(size * 2));
  const sample: Batch = { size, tensors: { x }, indices: Array.from({ length: size }, (_, i) => i) };

  function teacher(answer: (x: HostTensor, times: number) => number[]): Teacher {
    let times = 0;
    return {
      outputs: { logits: { dtype: 'float32', shape: [2] } },
      fingerprint: 't',
      label: (batch) => {
        const tensor = batch.tensors.x as HostTensor;
        return Promise.resolve({ logits: float(tensor.shape, answer(tensor, times++)) });
      },
      dispose: () => Promise.resolve(),
    };
  }
  const check = async (made: Teacher) => checkSteady(made, sample, await made.label(sample));

  it('is content with a teacher that answers each example by itself, rounding included', async () => {
    const plain = teacher((t) => Array.from(t.data, (value, i) => value * (1 + 1e-4 * ((i % 3) - 1))));
    expect(await check(plain)).toMatchObject([{ level: 'ok', code: 'steady' }]);
  });

  it('refuses one whose answer depends on its batch', async () => {
    const normalised = teacher(({ data }) => {
      const values = Array.from(data);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      return values.map((value) => (value - mean) / spread);
    });
    await expect(check(normalised)).rejects.toMatchObject({
      code: 'PREFLIGHT_UNSTEADY',
      records: [{ hint: expect.stringContaining('batch normalisation in training mode') as string }],
    });
  });

  it('refuses one that depends on the order within a batch', async () => {
    const neighbours = teacher(({ data }) => Array.from(data, (value, i) => value + (data[i - 2] ?? 0)));
    await expect(check(neighbours)).rejects.toMatchObject({ code: 'PREFLIGHT_UNSTEADY' });
  });

  it('refuses one that draws random numbers, and names dropout', async () => {
    const dropping = teacher(({ data }, times) => {
      const kept = randomStream(times).normal(data.length);
      return Array.from(data, (value, i) => ((kept[i] as number) > 0 ? 2 * value : 0));
    });
    await expect(check(dropping)).rejects.toMatchObject({
      message: expect.stringContaining('when it is asked again') as string,
      records: [{ hint: expect.stringContaining('dropout') as string }],
    });
  });

  it('warns of small differences', async () => {
    const quantised = teacher(({ data, shape }) =>
      Array.from(data, (value) => value + 0.05 / Math.sqrt(shape[0] ?? 1)),
    );
    expect(await check(quantised)).toMatchObject([{ level: 'warning', code: 'PREFLIGHT_UNSTEADY' }]);
  });
});
