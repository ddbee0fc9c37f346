// Metrics of padded sequences: what stands in the padding never counts.
import { describe, expect, it } from 'vitest';
import type { HostTensor, Metric } from 'potstill';
import { int32 } from 'potstill/testing';
import { withinLengths } from '../../src/evaluate/rows.js';
import { numberRows } from '../../src/evaluate/numbers.js';
import { builtIn as make } from './built-in.js';

function scores(values: readonly (readonly (readonly number[])[])[]): HostTensor {
  const shape = [values.length, values[0]?.length ?? 0, values[0]?.[0]?.length ?? 0];
  return { dtype: 'float32', shape, data: Float32Array.from(values.flat(2)) };
}

/** Two sequences of 2 and 1; right in two of three frames. What is padded is wrong on purpose. */
const model = scores([
  [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ],
  [
    [0, 0, 9],
    [0, 9, 0],
    [NaN, 0, 0],
  ],
]);
const teacher = scores([
  [
    [9, 0, 0],
    [9, 0, 0],
    [9, 0, 0],
  ],
  [
    [0, 0, 9],
    [9, 0, 0],
    [9, 0, 0],
  ],
]);
const lengths = int32([2, 1]);
const label = int32([
  [0, 1, 0],
  [1, 0, 0],
]);

async function figures(name: string) {
  const metric: Metric = await make(name);
  metric.reset();
  await metric.update({
    model: { logits: model },
    teacher: { logits: teacher, 'logits.length': lengths },
    batch: { size: 2, indices: [0, 1], tensors: { label, 'label.length': lengths } },
  });
  return { result: await metric.result(), examples: [...(metric.perExample?.()?.values ?? [])] };
}

describe('metrics of padded sequences', () => {
  it('accuracy counts frames, and their errors example by example', async () => {
    const { result, examples } = await figures('accuracy');
    expect(result).toMatchObject({ errors: 1, count: 3 });
    expect(examples).toEqual([0, 1]);
  });

  it('agreement and divergence take the lengths of the teacher', async () => {
    expect((await figures('agreement')).result.agreement).toBeCloseTo(2 / 3, 10);
    const { divergence } = (await figures('divergence')).result;
    expect(divergence).toBeGreaterThan(2);
    expect(divergence).toBeLessThan(3.1);
  });

  it('cross-entropy is finite where padding is not', async () => {
    expect((await figures('cross-entropy')).result.crossEntropy).toBeCloseTo(3, 1);
  });

  it('numbers in the padding are not known', () => {
    const truth = { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 0) } as const;
    const rows = numberRows({ y: truth }, 'y', { age: truth, 'age.length': int32([2, 1]) }, 'age');
    expect([...rows.truth]).toEqual([1, 2, 3, NaN]);
  });
});

describe('withinLengths', () => {
  it('goes along several axes', () => {
    const within = withinLengths({ 'x.length': int32([[1, 2]]) }, 'x', [1, 2, 3]);
    expect([...(within ?? [])]).toEqual([1, 1, 0, 0, 0, 0]);
    expect(withinLengths({}, 'x', [1, 2])).toBeUndefined();
  });
});
