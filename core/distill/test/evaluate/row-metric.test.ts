// Metrics that are a mean over rows.
import { describe, expect, it } from 'vitest';
import { rowMetric, type Batch, type Metric } from 'potstill';

const mean = (perExample = true): Metric =>
  rowMetric({
    needs: { model: ['y'], teacher: [], batch: [] },
    figures: [{ name: 'mean', title: 'Mean', unit: 'number', better: 'lower' }],
    rows: ({ model }) =>
      Array.from(model.y?.data ?? [], (value) => (Number(value) < 0 ? undefined : Number(value))),
    result: (sum, count) => ({ mean: sum / count }),
    ...(perExample ? { perExample: { figures: ['mean'], better: 'lower' } } : {}),
  });

/** One update with so many examples; rows below 0 do not count. */
async function update(metric: Metric, size: number, rows: readonly number[]): Promise<void> {
  const batch: Batch = { size, indices: Array.from({ length: size }, (_, at) => at), tensors: {} };
  const y = { dtype: 'float32', shape: [rows.length], data: Float32Array.from(rows) } as const;
  await metric.update({ model: { y }, teacher: {}, batch });
}

const examples = (metric: Metric) => [...(metric.perExample?.()?.values ?? [])];

describe('rowMetric', () => {
  it('takes the mean over all rows that count, whatever their batch', async () => {
    const metric = mean();
    await update(metric, 3, [1, -1, 4]);
    await update(metric, 1, [7]);
    expect(await metric.result()).toEqual({ mean: 4 });
    expect(examples(metric)).toEqual([1, NaN, 4, 7]);
    expect(metric.perExample?.()).toMatchObject({ figures: ['mean'], better: 'lower' });
  });

  it('sums the rows of an example that has several: frames, tokens', async () => {
    const metric = mean();
    await update(metric, 3, [1, 2, 4, -1, -1, -1]);
    expect(await metric.result()).toEqual({ mean: 7 / 3 });
    expect(examples(metric)).toEqual([3, 4, NaN]);
  });

  it('sums in float64', async () => {
    const metric = mean();
    // In float32, 2^24 + 1 is 2^24.
    await update(metric, 3, [2 ** 24, 1, 1]);
    expect(await metric.result()).toEqual({ mean: (2 ** 24 + 2) / 3 });
  });

  it('is NaN where no row counts, and forgets on reset', async () => {
    const metric = mean();
    expect(await metric.result()).toEqual({ mean: NaN });
    await update(metric, 2, [-1, -1]);
    expect(await metric.result()).toEqual({ mean: NaN });
    await update(metric, 0, []);
    expect(examples(metric)).toEqual([NaN, NaN]);
    await update(metric, 1, [3]);
    metric.reset();
    expect(await metric.result()).toEqual({ mean: NaN });
    expect(examples(metric)).toEqual([]);
  });

  it('has no numbers an example unless asked, so that models are not compared by it', () => {
    expect(mean(false)).not.toHaveProperty('perExample');
    expect(mean(true)).toHaveProperty('perExample');
  });
});
