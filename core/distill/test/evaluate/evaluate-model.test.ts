// Evaluating a model over batches.
import { describe, expect, it } from 'vitest';
import type { Batch, HostTensors, Metric } from 'potstill';
import { evaluateModel, numbersOf } from '../../src/evaluate/evaluate-model.js';

function batch(indices: number[], labels: number[], logits: number[][]): Batch {
  return {
    size: indices.length,
    indices,
    tensors: {
      label: { dtype: 'int32', shape: [labels.length], data: Int32Array.from(labels) },
      scores: { dtype: 'float32', shape: [logits.length, 2], data: Float32Array.from(logits.flat()) },
    },
  };
}

const predict = (from: Batch): Promise<HostTensors> =>
  Promise.resolve({ logits: from.tensors.scores as HostTensors[string] });

/** Counts batches, and whether a teacher was seen. */
function counter(name: string, needsTeacher: boolean): Metric {
  let seen = 0;
  return {
    needsTeacher,
    update: ({ teacher }) => {
      seen += teacher === undefined ? 1 : 100;
    },
    result: () => ({ [name]: seen }),
    reset: () => {
      seen = 0;
    },
  };
}

const two = [
  batch(
    [5, 3],
    [0, 1],
    [
      [Math.log(3), 0],
      [Math.log(3), 0],
    ],
  ),
  batch([9], [1], [[NaN, 0]]),
];

describe('evaluateModel', () => {
  it('merges the values and keeps each answer under the index of its example', async () => {
    const { count, values, predictions } = await evaluateModel({
      predict,
      batches: two,
      metrics: [counter('a', false), counter('b', false)],
      target: 'label',
    });
    expect(count).toBe(3);
    expect(values).toEqual({ a: 2, b: 2 });
    expect([...(predictions?.indices ?? [])]).toEqual([5, 3, 9]);
    expect([...(predictions?.predicted ?? [])]).toEqual([0, 0, -1]);
    expect([...(predictions?.truth ?? [])]).toEqual([0, 1, 1]);
    expect(predictions?.confidence[0]).toBeCloseTo(0.75, 6);
    expect(predictions?.confidence[2]).toBeNaN();
  });

  it('leaves out metrics that need a teacher when there is none', async () => {
    const metrics = [counter('with', true), counter('without', false)];
    expect((await evaluateModel({ predict, batches: two, metrics })).values).toEqual({ without: 2 });
    expect((await evaluateModel({ predict, teacherOutputs: predict, batches: two, metrics })).values).toEqual(
      {
        with: 200,
        without: 200,
      },
    );
  });

  it('starts from nothing each time', async () => {
    const metrics = [counter('a', false)];
    await evaluateModel({ predict, batches: two, metrics });
    expect((await evaluateModel({ predict, batches: two, metrics })).values).toEqual({ a: 2 });
  });

  it('refuses two metrics that give a value of the same name, before it runs the model', async () => {
    let ran = false;
    const run = evaluateModel({
      predict: (from) => {
        ran = true;
        return predict(from);
      },
      batches: two,
      metrics: [counter('a', false), counter('a', false)],
    });
    await expect(run).rejects.toThrow('two metrics of `evaluate` both give a value named `a`');
    expect(ran).toBe(false);
  });

  it('takes no batches at all', async () => {
    const { count, predictions } = await evaluateModel({
      predict,
      batches: [],
      metrics: [],
      target: 'label',
    });
    expect(count).toBe(0);
    expect(predictions?.predicted).toHaveLength(0);
  });

  it('keeps no answers of a model that does not classify examples', async () => {
    const frames = (from: Batch): Promise<HostTensors> =>
      Promise.resolve({
        logits: { dtype: 'float32', shape: [from.size, 3, 2], data: new Float32Array(from.size * 6) },
      });
    const { predictions } = await evaluateModel({ predict: frames, batches: two, metrics: [] });
    expect(predictions).toBeUndefined();
  });
});

describe('numbersOf', () => {
  it('keeps what is a number', () => {
    expect(numbersOf({ count: 1, values: { a: 1, b: NaN, m: { kind: 'matrix', rows: [] } } })).toEqual({
      a: 1,
      b: NaN,
    });
  });
});
