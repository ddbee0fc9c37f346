// Metrics under names of their own, and of a part of the examples.
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensor, Metric } from 'potstill';
import { evaluateModel } from '../../src/evaluate/evaluate-model.js';
import { namedMetric } from '../../src/evaluate/named-metric.js';
import type { Predictions } from '../../src/evaluate/predictions.js';
import { builtIn } from './built-in.js';

const field = (dtype: 'int32' | 'float32', values: readonly number[]): HostTensor => {
  const shape = [values.length];
  return dtype === 'int32'
    ? { dtype, shape, data: Int32Array.from(values) }
    : { dtype, shape, data: Float32Array.from(values) };
};

/** Each row: index, class, the class that the model answers, language. */
function batchOf(rows: readonly (readonly [number, number, number, number])[]): Batch {
  return {
    size: rows.length,
    indices: rows.map(([index]) => index),
    tensors: {
      label: field(
        'int32',
        rows.map(([, label]) => label),
      ),
      scores: {
        dtype: 'float32',
        shape: [rows.length, 2],
        data: Float32Array.from(rows.flatMap(([, , answer]) => [1 - answer, answer])),
      },
      language: field(
        'int32',
        rows.map(([, , , language]) => language),
      ),
      share: field(
        'float32',
        rows.map(([, , , language]) => language / 10),
      ),
      spoken: {
        dtype: 'bool',
        shape: [rows.length],
        data: Uint8Array.from(rows, ([, , , language]) => Number(language > 1)),
      },
    },
  };
}

// In the first batch language 1 is right once of two, language 2 not at all; in the second all are of language 1.
const batches = [
  batchOf([
    [4, 0, 0, 1],
    [5, 1, 0, 2],
    [6, 1, 0, 1],
  ]),
  batchOf([[9, 1, 1, 1]]),
];

const predict = ({ tensors }: Batch) => Promise.resolve({ logits: tensors.scores as HostTensor });
const evaluate = (metrics: readonly Metric[]) => evaluateModel({ predict, batches, metrics });
const accuracy = () => builtIn('accuracy');

describe('namedMetric', () => {
  it('is the metric itself where nothing is asked', async () => {
    const metric = await accuracy();
    expect(namedMetric(metric, {})).toBe(metric);
  });

  it('puts its name before figures, artefacts and numbers an example', async () => {
    const metric = namedMetric(await accuracy(), { name: 'head' });
    expect(metric.figures.map(({ name, title }) => `${name}: ${title}`)).toEqual([
      'head.errors: Errors, head',
      'head.accuracy: Accuracy, head',
      'head.count: Examples, head',
    ]);
    expect(metric.figures[0]).toMatchObject({ singular: 'error', unit: 'count', better: 'lower' });
    const found = await evaluate([metric]);
    expect(found.figures).toEqual({ 'head.errors': 2, 'head.accuracy': 0.5, 'head.count': 4 });
    expect(Object.keys(found.artefacts)).toEqual(['head.predictions']);
    const wrong = {
      figures: ['head.errors', 'head.accuracy'],
      better: 'lower',
      values: Float64Array.of(0, 1, 1, 0),
    };
    expect(found.perExample).toEqual({ 'head.errors': wrong, 'head.accuracy': wrong });
  });

  it('counts only the examples that fit, at their places among all', async () => {
    const metric = namedMetric(await accuracy(), { where: { language: 1 } });
    const { figures, artefacts, perExample, count, indices } = await evaluate([metric]);
    expect(figures).toEqual({ errors: 1, accuracy: 2 / 3, count: 3 });
    expect(perExample.errors?.values).toEqual(Float64Array.of(0, NaN, 1, 0));
    expect([...(artefacts.predictions as Predictions).indices]).toEqual([4, 6, 9]);
    // The evaluation itself is of all.
    expect(count).toBe(4);
    expect([...indices]).toEqual([4, 5, 6, 9]);
  });

  it('stands several times beside itself', async () => {
    const metrics = [
      await accuracy(),
      namedMetric(await accuracy(), { name: 'fo', where: { language: 2 } }),
      namedMetric(await accuracy(), { name: 'is', where: { language: 1 } }),
      namedMetric(await accuracy(), { name: 'none', where: { language: 3 } }),
    ];
    const { figures, perExample } = await evaluate(metrics);
    expect(figures).toEqual({
      errors: 2,
      accuracy: 0.5,
      count: 4,
      'fo.errors': 1,
      'fo.accuracy': 0,
      'fo.count': 1,
      'is.errors': 1,
      'is.accuracy': 2 / 3,
      'is.count': 3,
      'none.errors': NaN,
      'none.accuracy': NaN,
      'none.count': 0,
    });
    expect(perExample.errors?.values).toEqual(Float64Array.of(0, 1, 1, 0));
    expect(perExample['fo.errors']?.values).toEqual(Float64Array.of(NaN, 1, NaN, NaN));
    expect(perExample['none.errors']?.values).toEqual(new Float64Array(4).fill(NaN));
    expect(await evaluate(metrics)).toEqual(await evaluate(metrics));
  });

  it('refuses two of one name, as two metrics of one kind', async () => {
    const twice = [await accuracy(), namedMetric(await accuracy(), { where: { language: 1 } })];
    await expect(evaluate(twice)).rejects.toThrow(
      'two metrics of `evaluate` both give a figure named `errors`',
    );
  });

  it('reads the fields of its conditions, all of which must hold: numbers of any kind and truth values', async () => {
    const only = async (where: Record<string, number | boolean>) => {
      const metric = namedMetric(await accuracy(), { where });
      expect(metric.needs).toEqual({
        model: ['logits'],
        teacher: [],
        batch: ['label', ...Object.keys(where)],
      });
      const { artefacts } = await evaluate([metric]);
      return [...(artefacts.predictions as Predictions).indices];
    };
    expect(await only({ spoken: true })).toEqual([5]);
    expect(await only({ spoken: false })).toEqual([4, 6, 9]);
    // 0.1 as float32 is another number than 0.1.
    expect(await only({ share: 0.1 })).toEqual([4, 6, 9]);
    expect(await only({ language: 1, spoken: true })).toEqual([]);
    expect(await only({ language: 2, spoken: true })).toEqual([5]);
  });

  it('names a field that is not there, and one of several numbers an example', async () => {
    const asked = async (where: Record<string, number>) =>
      evaluate([namedMetric(await accuracy(), { where })]);
    await expect(asked({ speech: 1 })).rejects.toThrow(
      'EVALUATE_TENSOR: `where` reads the field `speech`, which the data do not have',
    );
    await expect(asked({ scores: 1 })).rejects.toThrow(
      '`where` reads the field `scores`, which holds 2 numbers an example; one is expected',
    );
  });

  it('gives the teacher’s rows of the same examples', async () => {
    const metric = namedMetric(await builtIn('agreement'), { name: 'fo', where: { language: 2 } });
    // The teacher answers with the truth, from which the student strays in language 2.
    const teacherOutputs = ({ tensors, size }: Batch) =>
      Promise.resolve({
        logits: {
          dtype: 'float32',
          shape: [size, 2],
          data: Float32Array.from(
            Array.from(tensors.label?.data ?? []).flatMap((y) => [1 - Number(y), Number(y)]),
          ),
        } as const,
      });
    const found = await evaluateModel({ predict, teacherOutputs, batches, metrics: [metric] });
    expect(found.figures).toEqual({ 'fo.agreement': 0 });
    expect(found.perExample['fo.agreement']?.values).toEqual(Float64Array.of(NaN, 0, NaN, NaN));
  });
});
