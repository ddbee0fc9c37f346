// Metrics of numbers, labels and embeddings beside scikit-learn and scipy.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DataDescription, HostTensor } from 'potstill';
import { builtIn } from './built-in.js';

type Figures = Readonly<Record<string, number>>;
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/metrics.json', import.meta.url), 'utf8'),
) as {
  readonly numbers: Figures & { readonly truth: number[]; readonly own: number[] };
  readonly labels: Figures & { readonly truth: number[][]; readonly scores: number[][] };
  readonly embeddings: Figures & { readonly teacher: number[][]; readonly student: number[][] };
};

const tensor = (rows: readonly (readonly number[])[]): HostTensor => ({
  dtype: 'float32',
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});
const flat = (values: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const numbers: DataDescription = {
  spec: { x: { dtype: 'float32', shape: [1] }, y: { dtype: 'float32', shape: [] } },
  inputs: ['x'],
  target: 'y',
  fingerprint: 'none',
};
const batch = (size: number, y?: HostTensor) => ({
  size,
  tensors: y ? { y } : {},
  indices: Array.from({ length: size }, (_, i) => i),
});

function expectFigures(found: Figures, wanted: Figures): void {
  for (const [name, value] of Object.entries(found))
    expect(Math.abs(value - (wanted[name] as number)), name).toBeLessThan(1e-6);
}

describe.each(['deviation', 'correlation'])('%s', (name) => {
  it('agrees however the examples are split', async () => {
    const metric = await builtIn(name, {}, numbers);
    const { truth, own } = golden.numbers;
    for (const [from, to] of [
      [0, 13],
      [13, 40],
    ] as const)
      await metric.update({
        model: { logits: tensor(own.slice(from, to).map((value) => [value])) },
        teacher: {},
        batch: batch(to - from, flat(truth.slice(from, to))),
      });
    expectFigures(await metric.result(), golden.numbers);
  });

  it('leaves out what is not known, and gives NaN where nothing is', async () => {
    const metric = await builtIn(name, {}, numbers);
    expect(Object.values(await metric.result()).every(Number.isNaN)).toBe(true);
    const logits = tensor([[1], [5], [2], [4]]);
    await metric.update({ model: { logits }, teacher: {}, batch: batch(4, flat([1, NaN, 3, 4])) });
    const known = await builtIn(name, {}, numbers);
    await known.update({
      model: { logits: tensor([[1], [2], [4]]) },
      teacher: {},
      batch: batch(3, flat([1, 3, 4])),
    });
    expect(await metric.result()).toEqual(await known.result());
  });

  it('says when the numbers cannot be compared', async () => {
    const metric = await builtIn(name, {}, numbers);
    expect(() =>
      metric.update({ model: { logits: tensor([[1, 2]]) }, teacher: {}, batch: batch(1, flat([1])) }),
    ).toThrow("the model's `logits` is [1, 2], the target `y` is [1]: they cannot be compared");
  });
});

describe('label-scores', () => {
  it('agrees with scikit-learn, ties included', async () => {
    const metric = await builtIn('label-scores', {}, numbers);
    const { truth, scores } = golden.labels;
    await metric.update({
      model: { logits: tensor(scores) },
      teacher: {},
      batch: batch(truth.length, tensor(truth)),
    });
    expectFigures(await metric.result(), golden.labels);
    const wrong = metric.perExample?.()?.values ?? new Float64Array();
    expect(wrong.reduce((sum, value) => sum + value, 0)).toBe(golden.labels.labelErrors);
  });

  it('leaves out labels that are not known, and counts a score of NaN as wrong', async () => {
    const metric = await builtIn('label-scores', {}, numbers);
    await metric.update({
      model: {
        logits: tensor([
          [1, NaN],
          [1, -1],
        ]),
      },
      teacher: {},
      batch: batch(
        2,
        tensor([
          [1, 0],
          [-1, -1],
        ]),
      ),
    });
    expect(await metric.result()).toMatchObject({ labelErrors: 1, exactMatch: 0 });
    expect([...(metric.perExample?.()?.values ?? [])]).toEqual([1, NaN]);
  });
});

describe('embedding-similarity', () => {
  it('agrees with cosines and neighbours by scikit-learn', async () => {
    const metric = await builtIn('embedding-similarity', { k: 4 });
    const { teacher, student } = golden.embeddings;
    await metric.update({
      model: { embedding: tensor(student) },
      teacher: { embedding: tensor(teacher) },
      batch: batch(teacher.length),
    });
    expectFigures(await metric.result(), golden.embeddings);
  });

  it('compares neighbours where the vectors have different lengths', async () => {
    const metric = await builtIn('embedding-similarity', { k: 2 });
    const teacher = golden.embeddings.teacher.slice(0, 8);
    await metric.update({
      // Doubled coordinates keep every angle.
      model: { embedding: tensor(teacher.map((row) => [...row, ...row])) },
      teacher: { embedding: tensor(teacher) },
      batch: batch(8),
    });
    expect(await metric.result()).toEqual({ cosine: NaN, neighbours: 1 });
  });
});
